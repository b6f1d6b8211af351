//! THE list: everything a front end can ask for, by name, with what it sends and what it gets. The router, the
//! TypeScript interface and the tests all come from this one list.

use crate::App;
use crate::error::CallError;
use crate::host::{Opening, Progress};
use crate::import::ImportReport;
use crate::view::common::Nothing;
use crate::view::{
    account, approvals, attention, baselines, bulk, calendar, carry, cataloguing, changes, ci_form, classes, cmdb,
    collisions, dhs, dsl, dsl_files, exceptions, groups, held, impact, inbox, jobs, labels, links, lists, models,
    moments, mutations, observations, papers, photos, picking, profile, racks, releases, reports, runbook, sbom,
    scanning, set, settings, standards, stocktakes, transfer, trees,
};
use crate::view::{alarms, proving};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use slipway_domain::attachment::NewAttachment;
use std::fmt::Write as _;
use std::path::Path;
use ts_rs::{Config, ExportError, TS};

macro_rules! commands {
    ($($name:literal: $request:ty => $response:ty = $how:ident $body:path;)+) => {
        /// The names of all commands, in the order of the list.
        pub const NAMES: &[&str] = &[$($name),+];

        impl App {
            /// Answers any command of the list by name: what a window or another program calls.
            ///
            /// # Errors
            /// The refusal with every reason, or trouble; `UNKNOWN_CALL` and `BAD_REQUEST` among it.
            pub async fn call(&self, name: &str, request: Value) -> Result<Value, CallError> {
                match name {
                    $($name => {
                        let request: $request = parse(name, request)?;
                        let answer: $response = answer!($how, self, $body, request)?;
                        give(name, &answer)
                    })+
                    unknown => Err(CallError::trouble(
                        "UNKNOWN_CALL",
                        format!("There is no command {unknown}."),
                        "Update Slipway: window and application do not fit together.",
                    )),
                }
            }
        }

        /// Writes the TypeScript types of every request and response into a folder.
        fn export_types(config: &Config) -> Result<(), ExportError> {
            $(<$request>::export_all(config)?; <$response>::export_all(config)?;)+
            Ok(())
        }

        /// The name and types of every command, in TypeScript.
        fn signatures(config: &Config) -> Vec<(&'static str, String, String)> {
            vec![$(($name, <$request>::name(config), <$response>::name(config))),+]
        }
    };
}

/// A body that blocks runs on a thread for that; one that waits for the network is awaited.
macro_rules! answer {
    (blocking, $app:expr, $body:path, $request:expr) => {{
        let app = $app.clone();
        let request = $request;
        crate::start::blocking(move || $body(&app, &request)).await
    }};
    (awaited, $app:expr, $body:path, $request:expr) => {
        Box::pin($body($app.clone(), $request)).await
    };
}

commands! {
    "app.state": Nothing => profile::AppState = blocking crate::start::state;
    "app.connect": profile::ConnectRequest => profile::AppState = awaited crate::start::connect;
    "app.start_alone": profile::StartAloneRequest => profile::AppState = blocking crate::start::start_alone;
    "app.unlock": profile::UnlockRequest => profile::AppState = awaited crate::start::unlock;
    "app.lock": Nothing => profile::AppState = blocking crate::start::lock;
    "sign_in.methods": account::ServerRequest => account::SignInMethodsView = awaited crate::oidc::methods;
    "sign_in.begin": account::BeginSignInRequest => account::SignInPending = awaited crate::oidc::begin;
    "sign_in.finish": Nothing => profile::AppState = awaited crate::oidc::finish;
    "sign_in.cancel": Nothing => Nothing = blocking crate::oidc::cancel;
    "passphrase.change": account::ChangePassphraseRequest => Nothing = blocking crate::account::change_passphrase;
    "password.change": account::ChangePasswordRequest => Nothing = awaited crate::account::change_password;
    "password.reset": account::ResetPasswordRequest => Nothing = awaited crate::account::reset_password;
    "devices.list": Nothing => account::DeviceList = awaited crate::devices::list;
    "devices.decide": account::DecideDeviceRequest => account::DeviceList = awaited crate::devices::decide;
    "devices.renew_key": Nothing => account::DeviceList = awaited crate::devices::renew_key;
    "sync.now": Nothing => profile::SyncStatus = awaited crate::sync::now;
    "sync.sites": Nothing => held::HeldSites = blocking crate::held::list;
    "sync.choose_sites": held::ChooseSitesRequest => held::HeldSites = blocking crate::held::choose;
    "sync.status": Nothing => profile::SyncStatus = blocking crate::sync::status;
    "log.alarms": Nothing => alarms::LogAlarmList = blocking crate::alarms::list;
    "log.lift": alarms::LiftRequest => alarms::LogAlarmList = blocking crate::alarms::lift;
    "log.prove": proving::ProveRequest => proving::ProofView = awaited crate::proving::prove;
    "carry.status": Nothing => carry::CarryStatus = blocking crate::carry::status;
    "carry.export": carry::CarryExportRequest => carry::CarryExported = blocking crate::carry::export::export;
    "carry.import": carry::CarryImportRequest => carry::CarryImported = blocking crate::carry::import::import;
    "carry.relay": carry::CarryRelayRequest => carry::CarryRelayed = awaited crate::carry::relay::relay;

    "inbox.get": Nothing => inbox::Inbox = blocking crate::inbox::get;
    "inbox.seen": inbox::SeenRequest => Nothing = blocking crate::inbox::seen;
    "attention.list": attention::AttentionListRequest => attention::AttentionList = blocking crate::attention::list;
    "attention.get": attention::AttentionRequest => attention::AttentionPage = blocking crate::attention::get;
    "attention.keep": attention::KeepRequest => mutations::Done = blocking crate::attention::keep;
    "attention.discard": attention::DiscardRequest => Nothing = blocking crate::attention::discard;
    "attention.send_again": attention::SendAgainRequest => mutations::Done = blocking crate::attention::send_again;

    "exceptions.list": exceptions::ExceptionListRequest => exceptions::ExceptionList = blocking crate::exceptions::list;
    "exceptions.act": exceptions::ExceptionActRequest => mutations::Done = blocking crate::exceptions::act;

    "lists.open": lists::OpenListRequest => lists::OpenList = blocking crate::lists::open;
    "lists.order": lists::ListId => lists::OrderedList = blocking crate::lists::order;
    "lists.part": lists::PartRequest => lists::ListPart = blocking crate::lists::part;
    "lists.places": lists::PlacesRequest => lists::ListPlaces = blocking crate::lists::places;
    "lists.rows": lists::RowsRequest => lists::Rows = blocking crate::lists::rows;
    "lists.suggest": lists::SuggestRequest => lists::Suggestions = blocking crate::filters::suggest;
    "search.records": lists::SearchRequest => lists::SearchHits = blocking crate::search::records;

    "releases.board": releases::BoardRequest => releases::Board = blocking crate::releases::board::board;
    "releases.get": releases::ReleaseRequest => releases::ReleasePage = blocking crate::releases::page::get;
    "releases.create": releases::NewReleaseRequest => mutations::Done = blocking crate::releases::create::create;
    "releases.act": releases::ReleaseActRequest => mutations::Done = blocking crate::releases::act::act;
    "releases.propose_ci_plan": releases::ReleaseRequest => releases::ProposedCiPlan = blocking crate::releases::plan::propose;
    "releases.plan_line": releases::PlanLineRequest => mutations::Done = blocking crate::releases::plan_line::add;
    "releases.runbook": releases::ReleaseRequest => runbook::RunbookView = blocking crate::releases::runbook::get;
    "releases.take_rehearsed": releases::ReleaseRequest => mutations::Done = blocking crate::releases::runbook::take_rehearsed;
    "tasks.create": releases::NewTaskRequest => mutations::Done = blocking crate::releases::tasks::create;
    "tasks.act": releases::TaskActRequest => mutations::Done = blocking crate::releases::tasks::act;
    "approvals.act": approvals::ApprovalActRequest => mutations::Done = blocking crate::approvals::act;
    "approvals.delegate": approvals::DelegateRequest => mutations::Done = blocking crate::approvals::delegate;
    "approvals.revoke_delegation": approvals::RevokeDelegationRequest => mutations::Done = blocking crate::approvals::revoke_delegation;

    "changes.get": changes::ChangeRequest => changes::ChangePage = blocking crate::changes::get;
    "changes.create": changes::NewChangeRequest => mutations::Done = blocking crate::changes::create;
    "changes.act": changes::ChangeActRequest => mutations::Done = blocking crate::changes::act;

    "cmdb.get": cmdb::CiRequest => cmdb::CiPage = blocking crate::cmdb::get;
    "cmdb.create": cmdb::NewCiRequest => mutations::Done = blocking crate::cmdb::create;
    "cmdb.act": cmdb::CiActRequest => mutations::Done = blocking crate::cmdb::act;
    "cmdb.edit_many": bulk::EditManyRequest => bulk::EditManyReport = blocking crate::bulk::edit;
    "cmdb.undo_edit": bulk::UndoEditRequest => bulk::EditManyReport = blocking crate::bulk::undo;
    "ci_groups.get": groups::CiGroupRequest => groups::CiGroupPage = blocking crate::groups::get;
    "ci_groups.act": groups::CiGroupActRequest => mutations::Done = blocking crate::groups::act;
    "cmdb.form": ci_form::CiFormRequest => ci_form::CiForm = blocking crate::ci_form::get;
    "cmdb.history": cmdb::CiRequest => ci_form::CiHistoryView = blocking crate::ci_history::get;
    "cmdb.tree": trees::CmdbTreeRequest => trees::TreePage = blocking crate::trees::get;
    "links.open": links::LinkRequest => Nothing = blocking crate::links::open;
    "classes.list": classes::ClassListRequest => classes::ClassTree = blocking crate::classes::list;
    "classes.put": classes::PutClassRequest => mutations::Done = blocking crate::classes::put;
    "classes.remove": classes::ClassRequest => mutations::Done = blocking crate::classes::remove;
    "classes.preview": classes::PutClassRequest => classes::ClassPreview = blocking crate::misfits::preview;
    "classes.misfits": classes::MisfitsRequest => classes::MisfitPage = blocking crate::misfits::page;
    "relation_types.put": classes::PutRelationTypeRequest => mutations::Done = blocking crate::classes::put_relation_type;
    "cmdb.impact": impact::ImpactRequest => impact::ImpactView = blocking crate::impact::get;
    "plans.collisions": collisions::PlanRequest => collisions::Collisions = blocking crate::collisions::get;
    "changes.weigh": changes::ChangeRequest => collisions::ChangeWeight = blocking crate::collisions::weigh;
    "releases.also_affected": releases::ReleaseRequest => collisions::AlsoAffected = blocking crate::collisions::also_affected;
    "cmdb.impact_path": impact::ImpactPathRequest => impact::ImpactPath = blocking crate::impact::path;
    "cmdb.neighbours": impact::NeighboursRequest => impact::NeighboursView = blocking crate::impact::neighbours;
    "redundancy.list": cmdb::CiRequest => impact::RedundancyList = blocking crate::redundancy::list;
    "redundancy.act": impact::RedundancyActRequest => mutations::Done = blocking crate::redundancy::act;

    "cmdb.at": moments::CiAtRequest => moments::CiMoment = blocking crate::moments::at;
    "cmdb.restore_fields": moments::RestoreFieldsRequest => mutations::Done = blocking crate::moments::restore_fields;
    "cmdb.alike": moments::AlikeRequest => moments::AlikeList = blocking crate::duplicates::alike;
    "duplicates.list": moments::DuplicatesRequest => moments::DuplicateList = blocking crate::duplicates::list;
    "duplicates.act": moments::DuplicateActRequest => mutations::Done = blocking crate::duplicates::act;
    "observations.get": observations::ObservationRequest => observations::ObservationPage = blocking crate::observations::get;
    "observations.decide": observations::DecideObservationsRequest => observations::DecideReport = blocking crate::observations::decide;
    "observations.scan": scanning::ScanRequest => scanning::ScanAnswer = blocking crate::scanning::scan;
    "observations.undo_scan": scanning::UndoScanRequest => mutations::Done = blocking crate::scanning::undo;
    "observations.absent": observations::AbsentRequest => observations::AbsentReport = blocking crate::observations::absent;
    "observations.accuracy": Nothing => observations::AccuracyList = blocking crate::observations::accuracy;
    "observations.rules": Nothing => observations::IdentificationView = blocking crate::observations::identification;
    "observations.put_rules": observations::PutIdentificationRequest => mutations::Done = blocking crate::observations::put_identification;
    "standards.list": Nothing => standards::StandardList = blocking crate::standards::list;
    "standards.get": standards::StandardRequest => standards::StandardPage = blocking crate::standards::get;
    "standards.compliance": standards::ComplianceRequest => standards::CompliancePage = blocking crate::standards::compliance;
    "standards.of_ci": cmdb::CiRequest => standards::StandardOfCi = blocking crate::standards::of_ci;
    "standards.act": standards::StandardActRequest => standards::StandardDone = blocking crate::standards::act;
    "standards.correct": standards::CorrectionRequest => standards::CorrectionProposal = blocking crate::standards::correct;
    "baselines.list": Nothing => baselines::BaselineList = blocking crate::baselines::list;
    "baselines.take": baselines::TakeBaselineRequest => mutations::Done = blocking crate::baselines::take;
    "baselines.compare": baselines::CompareBaselinesRequest => baselines::BaselineComparison = blocking crate::baselines::compare;
    "baselines.restore": baselines::RestoreRequest => baselines::RestoreProposal = blocking crate::baselines::restore;

    "dsl.get": dsl::DslRequest => dsl::DslPage = blocking crate::dsl::get;
    "dsl.submit": dsl::SubmitRequest => mutations::Done = blocking crate::dsl::submit;
    "dsl.files": dsl::DslRequest => dsl_files::DslFileList = blocking crate::dsl::files::list;
    "dsl.add_files": dsl_files::AddFilesRequest => jobs::JobView = blocking crate::dsl::files::add;
    "dsl.remove_files": dsl_files::RemoveFilesRequest => mutations::Done = blocking crate::dsl::files::remove;
    "dsl.get_files": dsl_files::GetFilesRequest => jobs::JobView = blocking crate::dsl::files::get;
    "dsl.keep_files": dsl_files::KeepFilesRequest => dsl_files::DslFileList = blocking crate::dsl::files::keep;
    "dsl.evict_files": dsl::DslRequest => dsl_files::Evicted = blocking crate::dsl::files::evict;
    "dsl.export_set": set::ExportSetRequest => jobs::JobView = blocking crate::jobs::set::begin_export;
    "dsl.import_set": set::ImportSetRequest => jobs::JobView = blocking crate::jobs::set::begin_import;
    "dsl.verify_set": set::VerifySetRequest => set::SetReport = blocking crate::dsl::files::verify_set;
    "dsl.verify": dsl::DslRequest => jobs::JobView = blocking crate::dsl::checks::verify;
    "dsl.scan": dsl::DslRequest => jobs::JobView = blocking crate::dsl::checks::scan;
    "dsl.scanner": dsl_files::ScannerRequest => dsl_files::Scanner = blocking crate::dsl::checks::scanner;
    "dsl.keys": Nothing => dsl_files::VendorKeyList = blocking crate::dsl::checks::keys;
    "dsl.add_key": dsl_files::AddKeyRequest => mutations::Done = blocking crate::dsl::checks::add_key;
    "dsl.retire_key": dsl_files::RetireKeyRequest => mutations::Done = blocking crate::dsl::checks::retire_key;
    "dsl.read_sbom": sbom::ReadSbomRequest => jobs::JobView = blocking crate::dsl::components::read;
    "dsl.components": sbom::ComponentsRequest => sbom::ComponentsPage = blocking crate::dsl::components::list;
    "dsl.compare": sbom::CompareItemsRequest => sbom::ItemDifference = blocking crate::dsl::components::compare;
    "components.find": sbom::FindComponentsRequest => sbom::FoundComponents = blocking crate::dsl::components::find;
    "dsl.scrub": Nothing => jobs::JobView = blocking crate::dsl::files::scrub;
    "files.room": dsl_files::RoomRequest => dsl_files::FileRoom = blocking crate::dsl::files::room;
    "files.pause": dsl_files::PauseRequest => dsl_files::FileRoom = blocking crate::dsl::files::pause;
    "dsl.act": dsl::DslActRequest => mutations::Done = blocking crate::dsl::act;

    "dhs.get": dhs::UnitRequest => dhs::UnitPage = blocking crate::dhs::get;
    "dhs.put_model": dhs::PutModelRequest => mutations::Done = blocking crate::dhs::put_model;
    "dhs.receive": dhs::ReceiveRequest => mutations::Done = blocking crate::dhs::receive;
    "dhs.act": dhs::UnitActRequest => mutations::Done = blocking crate::dhs::act;
    "dhs.describe": dhs::DescribeUnitRequest => mutations::Done = blocking crate::dhs::describe;
    "dhs.install_as": dhs::InstallAsRequest => mutations::Done = blocking crate::dhs::install_as;
    "dhs.scan": cataloguing::CatalogueRequest => cataloguing::CatalogueAnswer = blocking crate::cataloguing::scan;
    "dhs.undo_scan": cataloguing::UndoCatalogue => mutations::Done = blocking crate::cataloguing::undo;
    "dhs.read_picture": cataloguing::ReadPictureRequest => cataloguing::PictureCodes = blocking crate::reading::read;
    "dhs.sheets": Nothing => labels::SheetsView = blocking crate::labels::sheets;
    "dhs.labels": labels::LabelRequest => labels::LabelsWritten = blocking crate::labels::write;
    "dhs.preview_labels": labels::LabelRequest => labels::LabelPreview = blocking crate::labels::preview;
    "dhs.pick_list": picking::PickRequest => picking::PickList = blocking crate::picking::get;
    "dhs.rack": racks::RackRequest => racks::RackView = blocking crate::racks::get;
    "stocktakes.start": stocktakes::StartStocktakeRequest => mutations::Done = blocking crate::stocktakes::start;
    "stocktakes.get": stocktakes::StocktakeRequest => stocktakes::StocktakePage = blocking crate::stocktakes::get;
    "stocktakes.see": stocktakes::SeeRequest => stocktakes::SeeAnswer = blocking crate::stocktakes::see;
    "stocktakes.count": stocktakes::StocktakeCountRequest => stocktakes::SeeAnswer = blocking crate::stocktakes::pieces::count;
    "stocktakes.act": stocktakes::StocktakeActRequest => mutations::Done = blocking crate::stocktakes::act;
    "stocktakes.report": stocktakes::StocktakeReportRequest => stocktakes::StocktakePage = blocking crate::stocktakes::report;
    "dhs.model": models::ModelRequest => models::ModelPage = blocking crate::models::get;
    "dhs.edit_model": models::EditModelRequest => mutations::Done = blocking crate::models::edit;
    "dhs.count": models::CountRequest => mutations::Done = blocking crate::models::count;

    "photos.list": photos::PhotosRequest => photos::PhotoList = blocking crate::photos::list;
    "photos.add": photos::AddPhotoRequest => mutations::Done = blocking crate::photos::add;
    "photos.describe": photos::DescribePhotoRequest => mutations::Done = blocking crate::photos::describe;
    "photos.remove": photos::PhotoRequest => photos::RemovedPhoto = blocking crate::photos::remove;
    "photos.put_back": NewAttachment => mutations::Done = blocking crate::photos::put_back;
    "photos.picture": photos::PictureRequest => photos::Picture = awaited crate::photos::picture;
    "photos.save": photos::SavePhotoRequest => photos::SavedPhoto = awaited crate::photos::save;
    "comments.add": mutations::CommentRequest => mutations::Done = blocking crate::settings::comment;
    "issue": mutations::IssueRequest => mutations::Done = blocking crate::issue::issue;
    "dry_run": mutations::IssueRequest => mutations::DryRun = blocking crate::issue::dry_run;

    "import.cis": transfer::ImportRequest => ImportReport = blocking crate::transfer::import_cis;
    "import.relations": transfer::ImportRequest => ImportReport = blocking crate::transfer::import_relations;
    "import.changes": transfer::ImportChangesRequest => ImportReport = blocking crate::transfer::import_changes;
    "import.look": jobs::LookAtFileRequest => jobs::FileLook = blocking crate::jobs::import::look;
    "import.start": jobs::StartImportRequest => jobs::JobView = blocking crate::jobs::start_import;
    "export.start": jobs::StartExportRequest => jobs::JobView = blocking crate::jobs::start_export;
    "jobs.list": Nothing => jobs::JobList = blocking crate::jobs::list;
    "jobs.get": jobs::JobRequest => jobs::JobView = blocking crate::jobs::get;
    "jobs.cancel": jobs::JobRequest => jobs::JobView = blocking crate::jobs::cancel;
    "jobs.resume": jobs::JobRequest => jobs::JobView = blocking crate::jobs::resume;
    "jobs.dismiss": jobs::JobRequest => jobs::JobList = blocking crate::jobs::dismiss;
    "jobs.refused": jobs::RefusedRequest => jobs::RefusedPage = blocking crate::jobs::refused;
    "jobs.save_refused": jobs::SaveRefusedRequest => jobs::SavedRefused = blocking crate::jobs::save_refused;
    "export.records": transfer::ExportRequest => transfer::ExportReport = blocking crate::transfer::export_records;

    "releases.notes": papers::PaperRequest => papers::PaperView = blocking crate::papers::notes;
    "releases.runbook_paper": papers::PaperRequest => papers::PaperView = blocking crate::papers::runbook;
    "releases.bom": papers::PaperRequest => papers::PaperView = blocking crate::papers::bill;

    "calendar.get": calendar::CalendarRequest => calendar::CalendarPage = blocking crate::calendar::get;
    "calendar.next_slot": calendar::SlotRequest => calendar::SlotPage = blocking crate::calendar::slot::next;
    "calendar.save": calendar::SaveCalendarRequest => calendar::SavedCalendar = blocking crate::calendar::file::save;
    "calendar.consider": calendar::MoveRequest => calendar::MovePage = blocking crate::calendar::moving::consider;
    "calendar.move": calendar::MoveRequest => mutations::Done = blocking crate::calendar::moving::act;

    "reports.list": Nothing => reports::ReportList = blocking crate::reports::list;
    "reports.get": reports::ReportRequest => reports::ReportPage = blocking crate::reports::get;
    "reports.records": reports::ReportRecordsRequest => reports::ReportRecords = blocking crate::reports::records;
    "reports.save": reports::SaveReportRequest => reports::SavedReport = blocking crate::reports::save;

    "people.list": Nothing => profile::PeopleList = blocking crate::settings::people;
    "groups.list": Nothing => profile::GroupList = blocking crate::settings::groups;
    "sites.list": Nothing => profile::SiteList = blocking crate::settings::sites;
    "settings.get": Nothing => settings::Settings = blocking crate::settings::get;
    "settings.set": settings::SetSettingsRequest => settings::Settings = blocking crate::settings::set;
    "setup.get": Nothing => settings::WorkspaceSetup = blocking crate::settings::workspace;
    "setup.put": settings::PutSetupRequest => mutations::Done = blocking crate::settings::put;
}

fn parse<T: DeserializeOwned>(name: &str, request: Value) -> Result<T, CallError> {
    serde_json::from_value(request).map_err(|error| {
        CallError::trouble(
            "BAD_REQUEST",
            format!("The request of {name} is not understood: {error}."),
            "Update Slipway: window and application do not fit together.",
        )
    })
}

fn give(name: &str, answer: &impl Serialize) -> Result<Value, CallError> {
    serde_json::to_value(answer).map_err(|error| {
        CallError::trouble("BAD_ANSWER", format!("The answer of {name} cannot be written: {error}."), "Report this.")
    })
}

/// Writes the interface in TypeScript into an empty folder: a file for each type, and `commands.ts` over them.
///
/// # Errors
/// A type or file that cannot be written.
pub fn write_bindings(folder: &Path) -> Result<(), ExportError> {
    let config = Config::new().with_out_dir(folder).with_large_int("number");
    export_types(&config)?;
    CallError::export_all(&config)?;
    mutations::Changes::export_all(&config)?;
    Progress::export_all(&config)?;
    Opening::export_all(&config)?;
    std::fs::write(folder.join("commands.ts"), commands_ts(&config))?;
    Ok(())
}

fn commands_ts(config: &Config) -> String {
    let signatures = signatures(config);
    let events = [
        ("changed", mutations::Changes::name(config)),
        ("sync", profile::SyncStatus::name(config)),
        ("job", jobs::JobView::name(config)),
        ("progress", Progress::name(config)),
        ("open", Opening::name(config)),
    ];
    let types: std::collections::BTreeSet<&String> =
        signatures.iter().flat_map(|(_, q, a)| [q, a]).chain(events.iter().map(|(_, t)| t)).collect();
    let mut out =
        String::from("// This file was generated from crates/app/src/commands.rs. Do not edit this file manually.\n");
    for name in types {
        let _ = writeln!(out, "import type {{ {name} }} from \"./{name}\";");
    }
    out.push_str("\n/** Everything that can be asked of the application, by name. */\nexport interface Commands {\n");
    for (name, request, response) in &signatures {
        let _ = writeln!(out, "  \"{name}\": {{ request: {request}; response: {response} }};");
    }
    out.push_str("}\n\n/** What the application tells unasked. */\nexport interface Events {\n");
    for (name, payload) in &events {
        let _ = writeln!(out, "  \"{name}\": {payload};");
    }
    out.push_str("}\n");
    out
}
