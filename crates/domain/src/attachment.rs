//! Files beside the records: photos of CIs, of hardware models and of what nobody knew in a stocktake. The record says which file; its bytes travel apart from it (*blobs*).
//!
//! Additive: a photo is accepted whenever what it shows exists. Of the bytes the rules know only what the record says, so
//! whoever takes them in (the desk, the server) looks whether they are what it says.

use crate::blob::Sha256;
use crate::cmdb::ci::Ci;
use crate::cmdb::merge_ci;
use crate::command::Edit;
use crate::dhs::record::DhsModel;
use crate::dhs::stocktake::StocktakeSight;
use crate::execute::{Conflict, Context, Effect};
use crate::id::{AttachmentId, CiId, DhsModelId, PersonId, StocktakeSightId};
use crate::lookup::Lookup;
use crate::people::{Person, Role};
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::edit::conflict;
use crate::text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

mod media;

pub use media::MediaType;

/// Most bytes of a photo.
pub const PHOTO_BYTES: u64 = 12 * 1024 * 1024;
/// Most photos of one thing.
pub const PHOTOS: usize = 40;
/// Most characters of a file's name: what every file system takes.
pub const FILE_NAME_CHARS: usize = 120;

/// What a photo is of. Written as the name of its kind with its id: a photo of a CI as ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PhotoOf {
    /// A CI.
    Ci(CiId),
    /// A hardware model.
    DhsModel(DhsModelId),
    /// Something that was seen in a stocktake, such as a label that nothing is known by.
    StocktakeSight(StocktakeSightId),
}

impl PhotoOf {
    /// The record it is of, by kind and id.
    #[must_use]
    pub fn key(self) -> (Kind, Uuid) {
        match self {
            Self::Ci(id) => (Kind::Ci, id.0),
            Self::DhsModel(id) => (Kind::DhsModel, id.0),
            Self::StocktakeSight(id) => (Kind::StocktakeSight, id.0),
        }
    }

    /// The CI, if it is one.
    #[must_use]
    pub fn ci(self) -> Option<CiId> {
        match self {
            Self::Ci(id) => Some(id),
            Self::DhsModel(_) | Self::StocktakeSight(_) => None,
        }
    }
}

/// A photo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Attachment {
    /// Identity.
    pub id: AttachmentId,
    /// Of what.
    #[serde(flatten)]
    pub of: PhotoOf,
    /// What the file was called; never a path.
    pub file_name: String,
    /// What is to be seen; may be empty.
    pub title: String,
    /// What its bytes are.
    pub media_type: MediaType,
    /// How many they are.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Their SHA-256.
    pub sha256: Sha256,
    /// Who added it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

impl Attachment {
    /// How a person calls it: its title, or the name of its file.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.title.is_empty() { &self.file_name } else { &self.title }
    }
}

/// A photo to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewAttachment {
    /// New identity.
    pub id: AttachmentId,
    /// Of what.
    #[serde(flatten)]
    pub of: PhotoOf,
    /// What the file was called; never a path.
    pub file_name: String,
    /// What is to be seen; may be empty.
    pub title: String,
    /// What its bytes are.
    pub media_type: MediaType,
    /// How many they are.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Their SHA-256.
    pub sha256: Sha256,
}

/// One edit of a photo's record; each merges by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentEdit {
    /// What is to be seen.
    Title(Edit<String>),
    /// What the file is called.
    FileName(Edit<String>),
}

/// Commands on photos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentCommand {
    /// Adds one.
    Add(NewAttachment),
    /// Renames or describes one.
    Describe(AttachmentId, Vec<AttachmentEdit>),
    /// Removes one.
    Remove(AttachmentId),
}

/// Judges and carries out a command of this part of the domain. Author and time are those of the command.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    command: &AttachmentCommand,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    match command {
        AttachmentCommand::Add(given) => add(given, actor, context, records),
        AttachmentCommand::Describe(id, edits) => describe(*id, edits, actor, records),
        AttachmentCommand::Remove(id) => remove(*id, actor, records),
    }
}

/// The photos of something, in the order in which they were made.
///
/// # Errors
/// A storage fault.
pub fn photos_of(of: PhotoOf, records: &dyn Records) -> Result<Vec<Attachment>, Fault> {
    records.list(Lookup::AttachmentsOf, &of.key().1.to_string())
}

/// Takes the photos of something away with it.
///
/// # Errors
/// A storage fault.
pub(crate) fn remove_all(of: PhotoOf, records: &mut dyn Records) -> Result<(), Fault> {
    for photo in photos_of(of, records)? {
        records.remove(Kind::Attachment, photo.id.into())?;
    }
    Ok(())
}

/// What a photo is of, as it is called.
struct Shown {
    of: PhotoOf,
    name: String,
    about: RecordRef,
}

fn shown(of: PhotoOf, records: &dyn Records) -> Result<Shown, Failure> {
    Ok(match of {
        // Whoever photographed a CI that is one with another by now meant the one that stayed.
        PhotoOf::Ci(ci) => {
            let ci: Ci = records.must(merge_ci::resolve(ci, records)?)?;
            Shown { of: PhotoOf::Ci(ci.id), about: ci.reference(), name: ci.name }
        }
        PhotoOf::DhsModel(id) => {
            let model: DhsModel = records.must(id)?;
            Shown { of, about: RecordRef::of(&model), name: format!("{} {}", model.manufacturer, model.name) }
        }
        PhotoOf::StocktakeSight(id) => {
            let sight: StocktakeSight = records.must(id)?;
            Shown { of, about: RecordRef::of(&sight), name: sight.code }
        }
    })
}

fn add(given: &NewAttachment, actor: &Person, context: &Context, records: &mut dyn Records) -> Result<Effect, Failure> {
    let Shown { of, name, about } = shown(given.of, records)?;
    let mut findings = Vec::new();
    let mut kept = |text: Result<String, Finding>| {
        text.unwrap_or_else(|finding| {
            findings.push(finding);
            String::new()
        })
    };
    let (file_name, title) = (kept(plain_name(&given.file_name)), kept(text::line("title", &given.title)));
    if given.size_bytes == 0 || given.size_bytes > PHOTO_BYTES {
        findings.push(
            Finding::new(
                "PHOTO_SIZE",
                format!("A photo of {} bytes is not possible; it has from 1 to {PHOTO_BYTES}.", given.size_bytes),
                "Take a smaller photo, or reduce it.",
            )
            .about(about.clone())
            .with("bytes", given.size_bytes)
            .with("limit", PHOTO_BYTES),
        );
    }
    if records.get::<Attachment>(given.id)?.is_some() {
        findings.push(Finding::new(
            "ID_TAKEN",
            "A photo is already stored under this identity.",
            "Add the photo anew.",
        ));
    }
    let there = photos_of(of, records)?;
    if let Some(same) = there.iter().find(|photo| photo.sha256 == given.sha256 && photo.id != given.id) {
        findings.push(
            Finding::new(
                "SAME_PHOTO",
                format!("{name} has this very photo already: {}.", same.name()),
                "Choose another photo, or give the one that is there a title.",
            )
            .about(RecordRef::of(same)),
        );
    }
    if there.len() >= PHOTOS {
        findings.push(
            Finding::new(
                "TOO_MANY_PHOTOS",
                format!("{name} has {} photos; {PHOTOS} are possible.", there.len()),
                "Remove one that is no longer needed first.",
            )
            .about(about)
            .with("limit", PHOTOS),
        );
    }
    none(findings)?;
    records.put(Attachment {
        id: given.id,
        of,
        file_name,
        title,
        media_type: given.media_type,
        size_bytes: given.size_bytes,
        sha256: given.sha256,
        by: actor.id,
        at: context.now,
    })?;
    Ok(Effect::created())
}

fn describe(
    id: AttachmentId,
    edits: &[AttachmentEdit],
    actor: &Person,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut photo: Attachment = records.must(id)?;
    let before = photo.clone();
    let mut findings: Vec<Finding> = not_yours(&photo, actor).into_iter().collect();
    let mut conflicts = Vec::new();
    for edit in edits {
        let (field, edit, form, place) = match edit {
            AttachmentEdit::Title(e) => ("title", e, text::line("title", &e.to), &mut photo.title),
            AttachmentEdit::FileName(e) => ("file_name", e, plain_name(&e.to), &mut photo.file_name),
        };
        match form {
            Err(finding) => findings.push(finding),
            Ok(to) if *place == edit.from || *place == to => *place = to,
            Ok(to) => conflicts.push(overtaken(&before, field, &edit.from, to, place)),
        }
    }
    none(findings)?;
    let effect = if photo == before { Effect::unchanged() } else { Effect::updated() };
    if photo != before {
        records.put(photo)?;
    }
    Ok(Effect { conflicts, ..effect })
}

fn remove(id: AttachmentId, actor: &Person, records: &mut dyn Records) -> Result<Effect, Failure> {
    // What somebody else removed meanwhile is as wanted.
    let Some(photo) = records.get::<Attachment>(id)? else { return Ok(Effect::unchanged()) };
    none(not_yours(&photo, actor).into_iter().collect())?;
    records.remove(Kind::Attachment, id.into())?;
    Ok(Effect::updated())
}

/// Why the person may not change this photo; `None` for who added it, and for those who answer for the CMDB or, of what
/// it is there, for the hardware store.
#[must_use]
pub fn not_yours(photo: &Attachment, person: &Person) -> Option<Finding> {
    let (answers, who) = match photo.of {
        PhotoOf::Ci(_) => (Role::ConfigurationManager, "a configuration manager"),
        PhotoOf::DhsModel(_) | PhotoOf::StocktakeSight(_) => (Role::DhsStorekeeper, "a storekeeper"),
    };
    if photo.by == person.id || person.roles.contains(&answers) {
        return None;
    }
    Some(
        Finding::new(
            "NOT_YOUR_PHOTO",
            format!("{} was added by somebody else.", photo.name()),
            format!("Ask who added it, or {who}."),
        )
        .about(RecordRef::of(photo)),
    )
}

fn overtaken(photo: &Attachment, field: &str, from: &str, mine: String, theirs: &str) -> Conflict {
    let finding = conflict(RecordRef::of(photo), field, &from, &theirs);
    Conflict::of_field(field, from.to_owned(), mine, theirs.to_owned(), finding)
}

/// A name that is a file's and nothing else: no path, nothing that a file system or a reader takes for more.
///
/// # Errors
/// `TEXT_MISSING`, `TEXT_TOO_LONG`, `TEXT_NOT_A_LINE` or `FILE_NAME_NOT_PLAIN`.
pub fn plain_name(name: &str) -> Result<String, Finding> {
    let name = text::filled_line("file_name", name)?;
    let refused = |sentence: String| {
        Err(Finding::new("FILE_NAME_NOT_PLAIN", sentence, "Give the file a plain name, such as rack-front.jpg.")
            .with("field", "file_name"))
    };
    let chars = name.chars().count();
    if chars > FILE_NAME_CHARS {
        return refused(format!("The file's name has {chars} characters; {FILE_NAME_CHARS} are possible."));
    }
    if let Some(sign) = name.chars().find(|c| "/\\:*?\"<>|".contains(*c) || turns_text(*c)) {
        return refused(format!("The file's name holds {sign:?}, which is no part of a plain name."));
    }
    if name.starts_with('.') || name.ends_with('.') {
        return refused("The file's name begins or ends with a dot.".to_owned());
    }
    Ok(name)
}

/// Invisible characters by which `gpj.exe` reads as `exe.jpg`.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
