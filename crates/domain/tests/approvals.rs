//! Tests of approvals: the five rules, one vote a person, separation of duties, delegation, retract, override, scope.

use crate::builders::{ADAM, ANNE, BERT, CAB, CARL, CLEO, LIBBY, RITA, TESS, VERA, World};
use crate::story::{CHG, REL, a_change, a_world, edit, request};
use rstest::rstest;
use slipway_domain::approval::record::{Approval, ApprovalRule, ApprovalState, Decision, DenyReason, Subject};
use slipway_domain::approval::{actions, delegation::may_vote_for};
use slipway_domain::change::record::{Change, ChangeKind, ChangeState};
use slipway_domain::command::{ApprovalCommand as A, Command, ReleaseCommand, ReleaseEdit};
use slipway_domain::id::{ApprovalId, DelegationId, GroupId, PersonId};
use slipway_domain::people::{Delegation, Group, Person, Role};
use slipway_domain::release::record::{Phase, ReleaseClass, Status, Target};
use slipway_domain::release::scope::digest;
use slipway_domain::setting::{ApprovalPolicy, Gate, WorkspaceRules};
use uuid::Uuid;

const BOARD: GroupId = GroupId(Uuid::from_u128(0x32));

fn deny() -> Decision {
    Decision::Deny { reason: DenyReason::Technical, text: "no rollback".into() }
}

/// In Plan and design with a request by that rule, the CAB first, then a board of Cleo and Tess.
fn asked(rule: ApprovalRule) -> (World, ApprovalId) {
    let mut world = a_world();
    world.put(Group { id: BOARD, name: "Board".into(), members: [CLEO, TESS].into(), lead: None });
    world.planned();
    let approval = world.id();
    let request = A::Request {
        approval,
        subject: Subject::Release(REL),
        groups: Some(vec![CAB, BOARD]),
        rule: Some(rule),
        due_at: None,
    };
    world.must(RITA, &Command::Approval(request));
    (world, approval)
}

/// A vote of one member: `(voter, yes)`.
type Votes = &'static [(PersonId, bool)];

#[rstest]
#[case::all_waits(ApprovalRule::AllMustApprove, &[(ANNE, true), (BERT, true), (CLEO, true)], ApprovalState::Pending, Status::ApprovalPending)]
#[case::all(ApprovalRule::AllMustApprove, &[(ANNE, true), (BERT, true), (CLEO, true), (TESS, true)], ApprovalState::Approved, Status::Approved)]
#[case::all_with_a_denial(ApprovalRule::AllMustApprove, &[(ANNE, true), (BERT, false)], ApprovalState::Pending, Status::Denied)]
#[case::all_voted_with_a_denial(ApprovalRule::AllMustApprove, &[(BERT, false), (ANNE, true), (CLEO, true), (TESS, true)], ApprovalState::Denied, Status::Denied)]
#[case::one(ApprovalRule::OneMustApprove, &[(TESS, true)], ApprovalState::Approved, Status::Approved)]
#[case::one_behind_a_denial(ApprovalRule::OneMustApprove, &[(TESS, false), (ANNE, true)], ApprovalState::Pending, Status::Denied)]
#[case::one_all_deny(ApprovalRule::OneMustApprove, &[(TESS, false), (ANNE, false), (BERT, false), (CLEO, false)], ApprovalState::Denied, Status::Denied)]
#[case::quorum_short(ApprovalRule::Quorum(2), &[(ANNE, true)], ApprovalState::Pending, Status::ApprovalPending)]
#[case::quorum(ApprovalRule::Quorum(2), &[(ANNE, true), (CLEO, true)], ApprovalState::Approved, Status::Approved)]
#[case::quorum_behind_a_denial(ApprovalRule::Quorum(2), &[(ANNE, true), (BERT, false), (CLEO, true)], ApprovalState::Pending, Status::Denied)]
#[case::immediate(ApprovalRule::AllMustApproveImmediateDenial, &[(ANNE, true), (BERT, false)], ApprovalState::Denied, Status::Denied)]
#[case::immediate_all(ApprovalRule::AllMustApproveImmediateDenial, &[(ANNE, true), (BERT, true), (CLEO, true), (TESS, true)], ApprovalState::Approved, Status::Approved)]
#[case::sequence_first(ApprovalRule::OneMustApprovePerSequence, &[(ANNE, true)], ApprovalState::Pending, Status::ApprovalPending)]
#[case::sequence(ApprovalRule::OneMustApprovePerSequence, &[(ANNE, true), (TESS, true)], ApprovalState::Approved, Status::Approved)]
#[case::sequence_one_denies(ApprovalRule::OneMustApprovePerSequence, &[(ANNE, false), (BERT, true), (CLEO, false), (TESS, true)], ApprovalState::Approved, Status::Approved)]
#[case::sequence_everyone_denies(ApprovalRule::OneMustApprovePerSequence, &[(ANNE, false), (BERT, false)], ApprovalState::Denied, Status::Denied)]
fn votes_count_by_the_rule(
    #[case] rule: ApprovalRule,
    #[case] votes: Votes,
    #[case] state: ApprovalState,
    #[case] status: Status,
) {
    let (mut world, approval) = asked(rule);
    assert_eq!(world.release().status, Status::ApprovalPending, "asked for");
    for (voter, yes) in votes {
        world.vote(*voter, approval, if *yes { Decision::Approve } else { deny() });
    }
    assert_eq!((world.get::<Approval>(approval).state, world.release().status), (state, status));
}

#[test]
fn a_denial_taken_back_lets_the_votes_count_again() {
    let (mut world, approval) = asked(ApprovalRule::Quorum(2));
    for (voter, decision) in [(BERT, deny()), (ANNE, Decision::Approve), (CLEO, Decision::Approve)] {
        world.vote(voter, approval, decision);
    }
    assert_eq!(world.get::<Approval>(approval).state, ApprovalState::Pending, "no vote counts while a denial stands");
    let retract = |reason: &str| A::Retract { approval, on_behalf_of: None, reason: reason.into() };
    assert_eq!(world.refused(BERT, &Command::Approval(retract(""))), ["TEXT_MISSING"]);
    assert_eq!(world.refused(TESS, &Command::Approval(retract("x"))), ["NO_VOTE"], "only one's own");
    world.must(BERT, &Command::Approval(retract("answered")));
    assert_eq!(world.release().status, Status::Approved);
    world.must(ANNE, &Command::Approval(retract("new doubts")));
    assert_eq!(world.release().status, Status::ApprovalPending, "the request is pending again");
}

#[test]
fn an_immediate_denial_stops_further_votes_until_retracted() {
    let (mut world, approval) = asked(ApprovalRule::AllMustApproveImmediateDenial);
    world.vote(BERT, approval, deny());
    let ballot = world.ballot(approval, Decision::Approve);
    assert_eq!(world.refused(ANNE, &ballot), ["DENIAL_STANDS"]);
    world.must(BERT, &Command::Approval(A::Retract { approval, on_behalf_of: None, reason: "answered".into() }));
    world.must(ANNE, &ballot);
}

#[test]
fn the_groups_of_a_sequence_vote_in_order() {
    let (mut world, approval) = asked(ApprovalRule::OneMustApprovePerSequence);
    let ballot = world.ballot(approval, Decision::Approve);
    assert_eq!(world.refused(TESS, &ballot), ["NOT_YOUR_TURN"]);
    world.vote(BERT, approval, Decision::Approve);
    world.must(TESS, &ballot);
}

#[rstest]
#[case::not_a_member(CARL, Decision::Approve, &["NOT_A_MEMBER", "SEPARATION_OF_DUTIES"])]
#[case::not_in_a_group(ADAM, Decision::Approve, &["NOT_A_MEMBER"])]
#[case::only_reads(VERA, Decision::Approve, &["NOT_ALLOWED"])]
#[case::denial_without_words(ANNE, Decision::Deny { reason: DenyReason::Financial, text: " ".into() }, &["TEXT_MISSING"])]
fn only_members_vote(#[case] voter: PersonId, #[case] decision: Decision, #[case] codes: &[&str]) {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    let ballot = world.ballot(approval, decision);
    assert_eq!(world.refused(voter, &ballot), codes);
}

#[test]
fn it_is_one_vote_a_person() {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    world.vote(ANNE, approval, Decision::Approve);
    let again = world.ballot(approval, deny());
    assert_eq!(world.refused(ANNE, &again), ["ALREADY_VOTED"]);
}

#[test]
fn nobody_votes_on_their_own_release_unless_the_workspace_says_so() {
    let (mut world, _) = asked(ApprovalRule::AllMustApprove);
    let mut cab: Group = world.get(CAB);
    cab.members.insert(RITA);
    world.put(cab);
    world.on(RITA, ReleaseCommand::Edit(vec![ReleaseEdit::Targets(edit(vec![], vec![target("DC1")]))]));
    let second = world.request();
    let ballot = world.ballot(second, Decision::Approve);
    assert_eq!(world.refused(RITA, &ballot), ["SEPARATION_OF_DUTIES"]);
    world.vote(ANNE, second, Decision::Approve);
    world.vote(BERT, second, Decision::Approve);
    assert_eq!(world.release().status, Status::Approved, "the manager is not waited for");
    let rules = WorkspaceRules { separation_of_duties: false, ..WorkspaceRules::default() };
    world.put(rules);
    world.on(RITA, ReleaseCommand::Edit(vec![ReleaseEdit::Targets(edit(vec![target("DC1")], vec![]))]));
    let third = world.request();
    world.vote(RITA, third, Decision::Approve);
}

fn target(name: &str) -> Target {
    Target { name: name.into(), site: None }
}

fn delegation(from: PersonId, to: PersonId, groups: Option<Vec<GroupId>>, world: &World) -> Delegation {
    Delegation {
        id: DelegationId(Uuid::from_u128(0x701)),
        from,
        to: [to].into(),
        groups: groups.map(|g| g.into_iter().collect()),
        starts_at: world.now,
        ends_at: world.now.plus_hours(1),
        revoked: false,
        by: None,
    }
}

fn vote_for(world: &World, approval: ApprovalId, from: PersonId) -> Command {
    let Command::Approval(A::Vote { decision, note, digest, .. }) = world.ballot(approval, Decision::Approve) else {
        panic!("a ballot is a vote")
    };
    Command::Approval(A::Vote { approval, on_behalf_of: Some(from), decision, note, digest })
}

#[test]
fn a_delegate_votes_for_another_and_the_record_keeps_both_names() {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    let vote = vote_for(&world, approval, ANNE);
    assert_eq!(world.refused(LIBBY, &vote), ["NO_DELEGATION"]);
    world.must(ANNE, &Command::Approval(A::Delegate(delegation(ANNE, LIBBY, None, &world))));
    assert_eq!(may_vote_for(&world.get(approval), LIBBY, world.now, &world.records).unwrap(), [ANNE]);
    world.must(LIBBY, &vote);
    let cast = world.get::<Approval>(approval).votes[0].clone();
    assert_eq!((cast.by, cast.on_behalf_of), (LIBBY, Some(ANNE)));
    let own = world.ballot(approval, Decision::Approve);
    let refusal = world.run(ANNE, &own).unwrap_err();
    assert_eq!(refusal.findings[0].code, "ALREADY_VOTED", "her vote is cast");
    assert_eq!(refusal.findings[0].data["via"], "Libby", "and it says through whom");
    world.must(ANNE, &Command::Approval(A::Retract { approval, on_behalf_of: None, reason: "myself".into() }));
    world.must(ANNE, &own);
}

#[test]
fn a_delegate_who_is_a_member_still_has_one_vote() {
    let (mut world, approval) = asked(ApprovalRule::Quorum(2));
    world.must(ANNE, &Command::Approval(A::Delegate(delegation(ANNE, BERT, None, &world))));
    world.vote(BERT, approval, Decision::Approve);
    let second = vote_for(&world, approval, ANNE);
    assert_eq!(world.refused(BERT, &second), ["ALREADY_VOTED"]);
}

#[rstest]
#[case::over(|d: &mut Delegation, w: &World| d.ends_at = w.now)]
#[case::not_begun(|d: &mut Delegation, w: &World| d.starts_at = w.now.plus_hours(1))]
#[case::revoked(|d: &mut Delegation, _: &World| d.revoked = true)]
#[case::other_group(|d: &mut Delegation, _: &World| d.groups = Some([BOARD].into()))]
#[case::to_somebody_else(|d: &mut Delegation, _: &World| d.to = [TESS].into())]
#[case::from_somebody_else(|d: &mut Delegation, _: &World| d.from = BERT)]
fn a_delegation_counts_for_its_time_groups_and_people_only(#[case] spoil: fn(&mut Delegation, &World)) {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    let mut delegation = delegation(ANNE, LIBBY, Some(vec![CAB]), &world);
    world.put(delegation.clone());
    let vote = vote_for(&world, approval, ANNE);
    assert!(world.clone().run(LIBBY, &vote).is_ok(), "as it is, it counts");
    spoil(&mut delegation, &world);
    world.put(delegation);
    assert_eq!(world.refused(LIBBY, &vote), ["NO_DELEGATION"]);
}

#[rstest]
#[case::others_votes(TESS, |_: &mut Delegation, _: &World| (), "NOT_YOUR_VOTES")]
#[case::to_oneself(ANNE, |d: &mut Delegation, _: &World| { d.to.insert(ANNE); }, "DELEGATION_TO_NOBODY")]
#[case::to_nobody(ANNE, |d: &mut Delegation, _: &World| d.to.clear(), "DELEGATION_TO_NOBODY")]
#[case::over(ANNE, |d: &mut Delegation, w: &World| d.ends_at = w.now, "DELEGATION_WITHOUT_TIME")]
#[case::to_a_reader(ANNE, |d: &mut Delegation, _: &World| d.to = [VERA].into(), "NOT_QUALIFIED")]
fn a_delegation_is_ones_own_to_somebody_qualified(
    #[case] actor: PersonId,
    #[case] spoil: fn(&mut Delegation, &World),
    #[case] code: &str,
) {
    let mut world = World::new();
    let mut delegation = delegation(ANNE, BERT, None, &world);
    spoil(&mut delegation, &world);
    assert_eq!(world.refused(actor, &Command::Approval(A::Delegate(delegation))), [code]);
}

#[test]
fn a_revoked_delegation_leaves_votes_and_takes_no_more() {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    let delegation = delegation(ANNE, LIBBY, None, &world);
    world.must(ANNE, &Command::Approval(A::Delegate(delegation.clone())));
    assert_eq!(world.refused(TESS, &Command::Approval(A::RevokeDelegation(delegation.id))), ["NOT_YOUR_VOTES"]);
    world.must(ANNE, &Command::Approval(A::RevokeDelegation(delegation.id)));
    let vote = vote_for(&world, approval, ANNE);
    assert_eq!(world.refused(LIBBY, &vote), ["NO_DELEGATION"]);
}

#[test]
fn an_administrator_overrides_with_a_reason_that_stands_out() {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    world.vote(BERT, approval, deny());
    let command = |reason: &str| Command::Approval(A::Override { approval, reason: reason.into() });
    assert_eq!(world.refused(RITA, &command("x")), ["NOT_ALLOWED"]);
    assert_eq!(world.refused(ADAM, &command("")), ["TEXT_MISSING"]);
    world.must(ADAM, &command("the CAB is away"));
    let overridden = world.get::<Approval>(approval).overridden.unwrap();
    assert_eq!((overridden.by, overridden.reason.as_str()), (ADAM, "the CAB is away"));
    assert_eq!(world.release().status, Status::Approved);
    let ballot = world.ballot(approval, Decision::Approve);
    assert_eq!(world.refused(ANNE, &ballot), ["APPROVAL_DECIDED"]);
}

#[test]
fn a_late_yes_to_what_is_granted_is_taken_and_a_late_no_is_not() {
    let (mut world, approval) = asked(ApprovalRule::OneMustApprove);
    world.vote(ANNE, approval, Decision::Approve);
    world.vote(BERT, approval, Decision::Approve);
    let no = world.ballot(approval, deny());
    assert_eq!(world.refused(TESS, &no), ["APPROVAL_DECIDED"]);
    assert_eq!(world.release().status, Status::Approved);
}

#[test]
fn a_scope_edit_voids_the_request_and_a_vote_on_the_old_scope_says_so() {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    let old = world.ballot(approval, Decision::Approve);
    let was = digest(&world.release());
    world.on(RITA, ReleaseCommand::Edit(vec![ReleaseEdit::Targets(edit(vec![], vec![target("DC1")]))]));
    assert_eq!(world.get::<Approval>(approval).state, ApprovalState::Void);
    assert_eq!(world.release().status, Status::Open, "to be asked for again");
    let refusal = world.run(ANNE, &old).unwrap_err();
    assert_eq!(refusal.findings.len(), 1);
    let finding = &refusal.findings[0];
    assert_eq!(finding.code, "SCOPE_CHANGED");
    assert_eq!(finding.data["was"], was.to_string());
    assert_eq!(finding.data["is"], digest(&world.release()).to_string());
    assert_eq!((finding.data["diff"].as_str(), finding.data["by"].as_str()), ("target + DC1", "Rita"));
    assert!(finding.sentence.contains("target + DC1 (by Rita, last on"), "{}", finding.sentence);
    world.approve();
}

#[test]
fn a_vote_that_names_another_digest_than_the_request_is_refused() {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    for digest in
        [None, Some(digest(&slipway_domain::release::record::Release { release_type: None, ..world.release() }))]
    {
        let note = String::new();
        let vote = A::Vote { approval, on_behalf_of: None, decision: Decision::Approve, note, digest };
        assert_eq!(world.refused(ANNE, &Command::Approval(vote)), ["SCOPE_CHANGED"]);
    }
}

#[test]
fn a_vote_on_a_terminated_release_names_who_ended_it() {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    let ballot = world.ballot(approval, Decision::Approve);
    world.on(RITA, ReleaseCommand::Terminate { reason: "no budget".into() });
    let refusal = world.run(ANNE, &ballot).unwrap_err();
    assert_eq!(refusal.findings.len(), 1, "nothing else matters");
    let finding = &refusal.findings[0];
    assert_eq!(finding.code, "RELEASE_CLOSED");
    assert_eq!((finding.data["by"].as_str(), finding.data["reason"].as_str()), ("Rita", "no budget"));
}

#[test]
fn a_vote_after_the_release_went_on_is_refused() {
    let (mut world, approval) = asked(ApprovalRule::OneMustApprove);
    world.vote(ANNE, approval, Decision::Approve);
    world.do_tasks();
    let late = world.ballot(approval, Decision::Approve);
    world.on(RITA, ReleaseCommand::Advance);
    assert_eq!(world.refused(BERT, &late), ["APPROVAL_MOVED_ON"]);
}

#[test]
fn what_is_denied_is_asked_for_again() {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    let second = Command::Approval(request(world.id(), Subject::Release(REL)));
    assert_eq!(world.refused(RITA, &second), ["APPROVAL_PENDING"]);
    world.vote(BERT, approval, deny());
    world.must(RITA, &second);
    assert_eq!(world.get::<Approval>(approval).state, ApprovalState::Denied);
    let retract = Command::Approval(A::Retract { approval, on_behalf_of: None, reason: "late".into() });
    assert_eq!(world.refused(BERT, &retract), ["APPROVAL_ENDED"], "the old request is over");
}

#[test]
fn a_granted_gate_is_not_asked_for_twice_and_some_phases_need_none() {
    let (mut world, approval) = asked(ApprovalRule::OneMustApprove);
    world.vote(ANNE, approval, Decision::Approve);
    let again = Command::Approval(request(world.id(), Subject::Release(REL)));
    assert_eq!(world.refused(RITA, &again), ["APPROVAL_GRANTED"]);
    world.on(RITA, ReleaseCommand::SendBack { to: Phase::Assess, reason: "x".into() });
    assert_eq!(world.refused(RITA, &again), ["NO_APPROVAL_NEEDED"]);
}

#[test]
fn an_emergency_is_approved_by_the_emergency_group() {
    let mut world = a_world();
    world.put(Group { id: BOARD, name: "ECAB".into(), members: [CLEO].into(), lead: None });
    world.put(ApprovalPolicy {
        id: world.clone().id(),
        gate: Gate::PlanAndDesign,
        class: Some(ReleaseClass::Emergency),
        groups: vec![BOARD],
        rule: ApprovalRule::OneMustApprove,
        due_hours: 1,
    });
    world.planned();
    world.spoil(|r| r.class = ReleaseClass::Emergency);
    let approval = world.request();
    let approval: Approval = world.get(approval);
    assert_eq!(approval.panels.iter().map(|p| p.group).collect::<Vec<_>>(), [BOARD]);
    assert_eq!((approval.rule, approval.due_at), (ApprovalRule::OneMustApprove, world.now.plus_hours(1)));
}

#[rstest]
#[case::no_policy(World::forget_policies, None, None, "NO_APPROVAL_POLICY")]
#[case::empty_group(|w: &mut World| w.put(Group { id: CAB, name: "CAB".into(), members: [].into(), lead: None }), None, None, "NOBODY_MAY_VOTE")]
#[case::only_the_manager(|w: &mut World| w.put(Group { id: CAB, name: "CAB".into(), members: [RITA].into(), lead: None }), None, None, "NOBODY_MAY_VOTE")]
#[case::nobody_active(|w: &mut World| { for p in [ANNE, BERT] { let person = Person { active: false, ..w.get(p) }; w.put(person); } }, None, None, "NOBODY_MAY_VOTE")]
#[case::quorum_of_three(|_: &mut World| (), Some(ApprovalRule::Quorum(3)), None, "QUORUM_OUT_OF_REACH")]
#[case::quorum_of_none(|_: &mut World| (), Some(ApprovalRule::Quorum(0)), None, "QUORUM_OUT_OF_REACH")]
#[case::no_group(|_: &mut World| (), None, Some(vec![]), "WRONG_GROUPS")]
fn a_request_that_could_never_be_granted_is_refused(
    #[case] spoil: fn(&mut World),
    #[case] rule: Option<ApprovalRule>,
    #[case] groups: Option<Vec<GroupId>>,
    #[case] code: &str,
) {
    let mut world = a_world();
    world.planned();
    spoil(&mut world);
    let request = A::Request { approval: world.id(), subject: Subject::Release(REL), groups, rule, due_at: None };
    assert_eq!(world.refused(RITA, &Command::Approval(request)), [code]);
}

#[test]
fn a_change_is_approved_by_its_own_request() {
    let mut world = a_world();
    world.put(a_change(CHG, 1, ChangeState::Assessed));
    let approval = world.id();
    world.must(CLEO, &Command::Approval(request(approval, Subject::Change(CHG))));
    assert_eq!(world.get::<Change>(CHG).state, ChangeState::ApprovalPending);
    world.vote(ANNE, approval, Decision::Approve);
    world.vote(BERT, approval, deny());
    let change: Change = world.get(CHG);
    assert_eq!((change.state, change.state_reason.as_str()), (ChangeState::Denied, "Bert: technical, no rollback"));
    let again = world.id();
    world.must(CLEO, &Command::Approval(request(again, Subject::Change(CHG))));
    world.vote(ANNE, again, Decision::Approve);
    world.vote(BERT, again, Decision::Approve);
    assert_eq!(world.get::<Change>(CHG).state, ChangeState::Approved);
}

#[rstest]
#[case::registered(ChangeState::Registered, "CHANGE_NOT_ASSESSED")]
#[case::approved(ChangeState::Approved, "CHANGE_NOT_ASSESSED")]
#[case::cancelled(ChangeState::Cancelled, "CHANGE_NOT_ASSESSED")]
fn only_an_assessed_change_is_put_to_approval(#[case] state: ChangeState, #[case] code: &str) {
    let mut world = a_world();
    world.put(Change { kind: ChangeKind::Emergency, ..a_change(CHG, 1, state) });
    let request = request(world.id(), Subject::Change(CHG));
    assert_eq!(world.refused(CLEO, &Command::Approval(request)), [code]);
}

#[test]
fn what_may_be_done_with_a_request_is_what_its_commands_take() {
    let (mut world, approval) = asked(ApprovalRule::AllMustApprove);
    let of = |world: &World, person: PersonId| -> Vec<(String, bool)> {
        actions(&world.get(approval), &world.get(person), world.now, &world.records)
            .unwrap()
            .into_iter()
            .map(|a| (a.action, a.allowed))
            .collect()
    };
    let named = |pairs: &[(&str, bool)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), *b)).collect::<Vec<_>>();
    assert_eq!(of(&world, ANNE), named(&[("approve", true), ("deny", true)]));
    assert_eq!(of(&world, RITA), named(&[("approve", false), ("deny", false)]));
    assert_eq!(of(&world, ADAM), named(&[("approve", false), ("deny", false), ("override", true)]));
    world.vote(ANNE, approval, Decision::Approve);
    assert_eq!(of(&world, ANNE), named(&[("approve", false), ("deny", false), ("retract", true)]));
    let delegation = delegation(BERT, LIBBY, None, &world);
    world.put(delegation);
    assert_eq!(of(&world, LIBBY), named(&[("approve", true), ("deny", true)]), "for Bert");
    assert!(world.get::<Person>(ADAM).roles.contains(&Role::Administrator));
}
