//! Photos of CIs, hardware models and things seen in stocktakes: added, shown, described, removed. Their bytes lie beside the records; see [`crate::blob_sync`].

use crate::App;
use crate::blob_sync;
use crate::error::CallError;
use crate::open::Open;
use crate::resolve;
use crate::sight::Sight;
use crate::start::blocking;
use crate::view::common::{Hue, Pill};
use crate::view::mutations::Done;
use crate::view::photos::{
    AddPhotoRequest, DescribePhotoRequest, PhotoLine, PhotoList, PhotoPlace, PhotoRequest, PhotosRequest, Picture,
    PictureRequest, PictureSize, RemovedPhoto, SavePhotoRequest, SavedPhoto,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use slipway_domain::access;
use slipway_domain::attachment::{
    Attachment, AttachmentCommand, AttachmentEdit, MediaType, NewAttachment, PHOTO_BYTES, PHOTOS, PhotoOf, not_yours,
    photos_of,
};
use slipway_domain::blob::Holder;
use slipway_domain::command::{Command, Edit};
use slipway_domain::id::AttachmentId;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_store::Store;
use slipway_store::blob::Upload;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub mod pixels;

/// Longest edge of a thumbnail, in pixels: sharp on fine screens too.
const THUMBNAIL: u32 = 360;
/// Longest edge of a picture that fills the window.
const SCREEN: u32 = 1_800;
/// Name of a picture that was pasted.
const PASTED: &str = "pasted";

/// What photos are of, by what names it.
fn named(sight: Sight<'_>, ci: Option<&str>, model: Option<&str>, seen: Option<&str>) -> Result<PhotoOf, CallError> {
    match (ci, model, seen) {
        (Some(text), None, None) => Ok(PhotoOf::Ci(resolve::ci(sight, text)?.id)),
        (None, Some(text), None) => Ok(PhotoOf::DhsModel(resolve::model(sight, text)?.id)),
        (None, None, Some(text)) => Ok(PhotoOf::StocktakeSight(resolve::must_id("sight", text)?)),
        _ => Err(CallError::trouble(
            "BAD_REQUEST",
            "A photo is of one thing.",
            "Name a CI, a hardware model or something seen in a stocktake.",
        )),
    }
}

/// The photos of something.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn list(app: &App, request: &PhotosRequest) -> Result<PhotoList, CallError> {
    let open = app.open()?;
    let mut list = app.read(|sight| {
        let of = named(sight, request.ci.as_deref(), request.model.as_deref(), request.sight.as_deref())?;
        let me = sight.person()?;
        let photos = photos_of(of, sight.records)?;
        let photos = photos.into_iter().map(|photo| line(sight, &open, photo)).collect::<Result<_, CallError>>()?;
        Ok(PhotoList {
            photos,
            limit: u32::try_from(PHOTOS).unwrap_or(u32::MAX),
            against_adding: access::denial("attachment.add", &me),
        })
    })?;
    for photo in &mut list.photos {
        photo.place = place(&open, photo)?;
        photo.pill = pill(photo.place, open.alone);
    }
    Ok(list)
}

fn line(sight: Sight<'_>, open: &Open, photo: Attachment) -> Result<PhotoLine, CallError> {
    let me = sight.person()?;
    let against = access::denial("attachment.remove", &me).or_else(|| not_yours(&photo, &me));
    let sync = sight.mark(&Record::from(photo.clone()))?;
    let only_here = !open.alone && sync.waiting > 0;
    Ok(PhotoLine {
        id: photo.id.to_string(),
        name: photo.name().to_owned(),
        sha256: photo.sha256.to_string(),
        by: sight.named(Kind::Person, photo.by)?,
        at: photo.at,
        media_type: photo.media_type,
        size_bytes: photo.size_bytes,
        place: if only_here { PhotoPlace::LaptopOnly } else { PhotoPlace::Here },
        pill: None,
        against_changing: against,
        sync,
        title: photo.title,
        file_name: photo.file_name,
    })
}

/// Where the bytes of a photo are.
fn place(open: &Open, photo: &PhotoLine) -> Result<PhotoPlace, CallError> {
    let sha256 = photo.sha256.parse().map_err(|_| no_photo(&photo.id))?;
    if !open.store.has_blob(sha256)? {
        return Ok(PhotoPlace::NotHere);
    }
    let id = resolve::must_id::<AttachmentId>("photo", &photo.id)?;
    Ok(match photo.place {
        // A title that waits says nothing about the bytes.
        _ if !open.store.awaits_upload(Upload { holder: Holder::Attachment(id), sha256 })? => PhotoPlace::Here,
        PhotoPlace::LaptopOnly => PhotoPlace::LaptopOnly,
        _ => PhotoPlace::WaitingForUpload,
    })
}

fn pill(place: PhotoPlace, alone: bool) -> Option<Pill> {
    let (label, hue) = match place {
        PhotoPlace::Here => return None,
        _ if alone && place != PhotoPlace::NotHere => return None,
        PhotoPlace::LaptopOnly => ("on this laptop only", Hue::Pending),
        PhotoPlace::WaitingForUpload => ("waiting for upload", Hue::Pending),
        PhotoPlace::NotHere => ("not here: fetch", Hue::Neutral),
    };
    Some(Pill { label: label.to_owned(), hue })
}

fn no_photo(id: &str) -> CallError {
    CallError::trouble("NOT_FOUND", format!("There is no photo {id} here."), "Sync, then look at the photos again.")
}

fn photo(app: &App, id: &str) -> Result<Attachment, CallError> {
    let id = resolve::must_id::<AttachmentId>("photo", id)?;
    app.read(|sight| sight.records.get::<Attachment>(id)?.ok_or_else(|| no_photo(&id.to_string())))
}

/// Adds a photo. What is kept of it is what is to be seen: see [`pixels::clean`].
///
/// # Errors
/// The file cannot be read or is no picture; a refusal; or trouble.
pub fn add(app: &App, request: &AddPhotoRequest) -> Result<Done, CallError> {
    let open = app.open()?;
    let of =
        app.read(|sight| named(sight, request.ci.as_deref(), request.model.as_deref(), request.sight.as_deref()))?;
    let (source, called) = source(request.path.as_deref(), request.data.as_deref(), request.file_name.as_deref())?;
    let clean = pixels::clean(&source)?;
    drop(source);
    let file_name = name_of(&called, clean.media_type);
    let (id, now) = (AttachmentId(app.host().new_id()), app.host().now());
    let new = |sha256| NewAttachment {
        id,
        of,
        file_name: file_name.clone(),
        title: request.title.clone().unwrap_or_default(),
        media_type: clean.media_type,
        size_bytes: clean.bytes.len() as u64,
        sha256,
    };
    // Before anything is written: who may not add one gets the reasons, and the disk nothing.
    let sha256 = blob_sync::sha256(&clean.bytes);
    let command = Command::Attachment(AttachmentCommand::Add(new(sha256)));
    open.try_all(app, std::slice::from_ref(&command))?;
    open.store.make_blob_room(clean.bytes.len() as u64, blob_sync::quota(&open.store)?)?;
    open.store.keep_blob(&mut clean.bytes.as_slice(), PHOTO_BYTES, now)?;
    issue(app, &open, command, Upload { holder: Holder::Attachment(id), sha256 }, of)
}

/// Issues the command that adds a photo whose bytes are here.
fn issue(app: &App, open: &Open, command: Command, upload: Upload, of: PhotoOf) -> Result<Done, CallError> {
    if !open.alone {
        open.store.await_upload(upload, app.host().now())?;
    }
    app.issue(command, Some(of.key())).inspect_err(|_| {
        // It is noted again with the next try.
        let _ = open.store.uploaded(upload);
    })
}

/// The bytes given, from a file or as base64, and what they are called.
///
/// # Errors
/// The file cannot be read, has more bytes than are looked at, or neither or both were given.
pub(crate) fn source(
    path: Option<&str>,
    data: Option<&str>,
    file_name: Option<&str>,
) -> Result<(Vec<u8>, String), CallError> {
    let named = |other: &str| file_name.unwrap_or(other).to_owned();
    match (path, data) {
        (Some(path), None) => {
            let path = Path::new(path);
            let unreadable = |why: &dyn std::fmt::Display| {
                CallError::trouble(
                    "FILE_UNREADABLE",
                    format!("The file {} cannot be read: {why}.", path.display()),
                    "Check the path and the file's rights, then try again.",
                )
            };
            let file = File::open(path).map_err(|e| unreadable(&e))?;
            if !file.metadata().map_err(|e| unreadable(&e))?.is_file() {
                return Err(unreadable(&"it is not a file"));
            }
            let mut bytes = Vec::new();
            file.take(pixels::SOURCE_BYTES + 1).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(PASTED);
            within(bytes).map(|bytes| (bytes, named(name)))
        }
        (None, Some(data)) => {
            let garbled = |_| {
                CallError::trouble("BAD_REQUEST", "The bytes of the picture are not base64.", "Add the picture again.")
            };
            within(STANDARD.decode(data).map_err(garbled)?).map(|bytes| (bytes, named(PASTED)))
        }
        _ => Err(CallError::trouble(
            "BAD_REQUEST",
            "A photo is added from a file or as bytes.",
            "Give one of the two: a path, or the data.",
        )),
    }
}

fn within(bytes: Vec<u8>) -> Result<Vec<u8>, CallError> {
    if bytes.len() as u64 <= pixels::SOURCE_BYTES {
        return Ok(bytes);
    }
    Err(CallError::trouble(
        "PICTURE_TOO_LARGE",
        format!("The file has more than {} MiB.", pixels::SOURCE_BYTES >> 20),
        "Reduce the picture, then add it again.",
    ))
}

/// What the file is called from now on: with the ending of what it is now.
fn name_of(called: &str, media_type: MediaType) -> String {
    let given = called.trim();
    let (stem, ending) = given.rsplit_once('.').unwrap_or((given, ""));
    let endings: &[&str] = match media_type {
        MediaType::Jpeg => &["jpg", "jpeg"],
        MediaType::Png => &["png"],
        MediaType::Webp => &["webp"],
    };
    let is_right = endings.iter().any(|right| ending.eq_ignore_ascii_case(right));
    let is_ending = ["jpg", "jpeg", "png", "webp"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    match (is_right, is_ending) {
        (true, _) => given.to_owned(),
        (false, true) => format!("{stem}.{}", media_type.extension()),
        (false, false) => format!("{given}.{}", media_type.extension()),
    }
}

/// Renames or describes a photo.
///
/// # Errors
/// A refusal, or trouble.
pub fn describe(app: &App, request: &DescribePhotoRequest) -> Result<Done, CallError> {
    let photo = photo(app, &request.photo)?;
    let mut edits = Vec::new();
    if let Some(to) = &request.title {
        let from = request.from_title.clone().unwrap_or_else(|| photo.title.clone());
        edits.push(AttachmentEdit::Title(Edit { from, to: to.clone() }));
    }
    if let Some(to) = &request.file_name {
        edits.push(AttachmentEdit::FileName(Edit { from: photo.file_name.clone(), to: to.clone() }));
    }
    let command = Command::Attachment(AttachmentCommand::Describe(photo.id, edits));
    app.issue(command, Some((Kind::Attachment, photo.id.0)))
}

/// Removes a photo; its bytes stay for a while, so that it can be put back.
///
/// # Errors
/// A refusal, or trouble.
pub fn remove(app: &App, request: &PhotoRequest) -> Result<RemovedPhoto, CallError> {
    let photo = photo(app, &request.photo)?;
    let undo = NewAttachment {
        id: photo.id,
        of: photo.of,
        file_name: photo.file_name,
        title: photo.title,
        media_type: photo.media_type,
        size_bytes: photo.size_bytes,
        sha256: photo.sha256,
    };
    let command = Command::Attachment(AttachmentCommand::Remove(photo.id));
    let done = app.issue(command, Some(photo.of.key()))?;
    Ok(RemovedPhoto { done, undo: Some(undo) })
}

/// Puts a photo back that was removed.
///
/// # Errors
/// A refusal, or trouble.
pub fn put_back(app: &App, request: &NewAttachment) -> Result<Done, CallError> {
    let open = app.open()?;
    let upload = Upload { holder: Holder::Attachment(request.id), sha256: request.sha256 };
    let command = Command::Attachment(AttachmentCommand::Add(request.clone()));
    if open.store.has_blob(request.sha256)? {
        return issue(app, &open, command, upload, request.of);
    }
    app.issue(command, Some(request.of.key()))
}

/// A picture to be shown; fetched first where it is not here.
///
/// # Errors
/// It is not here and cannot be fetched, or it is damaged.
pub async fn picture(app: App, request: PictureRequest) -> Result<Picture, CallError> {
    let (at, id) = (app.clone(), request.photo.clone());
    let photo = blocking(move || photo(&at, &id)).await?;
    let key = (photo.sha256, request.size);
    if let Some(shown) = app.pictures().get(&key) {
        return Ok(shown);
    }
    blob_sync::fetch(&app, photo.sha256, photo.size_bytes).await?;
    let open = app.open()?;
    let now = app.host().now();
    let shown = blocking(move || {
        let bytes = bytes(&open.store, &photo, now)?;
        let edge = match request.size {
            PictureSize::Thumbnail => THUMBNAIL,
            PictureSize::Screen => SCREEN,
        };
        let shown = pixels::shown(&bytes, edge)?;
        let url = format!("data:image/jpeg;base64,{}", STANDARD.encode(&shown.jpeg));
        Ok(Picture { url, width: shown.width, height: shown.height })
    })
    .await?;
    app.pictures().keep(key, shown.clone());
    Ok(shown)
}

fn bytes(store: &Store, photo: &Attachment, now: slipway_domain::time::Timestamp) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::with_capacity(usize::try_from(photo.size_bytes.min(PHOTO_BYTES)).unwrap_or(0));
    store.copy_blob(photo.sha256, &mut bytes, now)?;
    Ok(bytes)
}

/// Writes a photo into a file; fetched first where it is not here.
///
/// # Errors
/// It is not here and cannot be fetched, or the file is there already or cannot be written.
pub async fn save(app: App, request: SavePhotoRequest) -> Result<SavedPhoto, CallError> {
    let (at, id) = (app.clone(), request.photo.clone());
    let photo = blocking(move || photo(&at, &id)).await?;
    blob_sync::fetch(&app, photo.sha256, photo.size_bytes).await?;
    let open = app.open()?;
    let now = app.host().now();
    blocking(move || {
        let bytes = bytes(&open.store, &photo, now)?;
        let to = request.to.map_or_else(|| PathBuf::from("."), PathBuf::from);
        let path = if to.is_dir() { to.join(&photo.file_name) } else { to };
        let unwritable = |e: std::io::Error| {
            CallError::trouble(
                "FILE_UNWRITABLE",
                format!("The file {} cannot be written: {e}.", path.display()),
                "Name a file that is not there yet, in a folder that you may write to.",
            )
        };
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(unwritable)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(unwritable)?;
        Ok(SavedPhoto { path: path.display().to_string(), size_bytes: bytes.len() as u64 })
    })
    .await
}

/// Pictures that were shown of late: unpacking one takes a while.
#[derive(Default)]
pub(crate) struct Pictures(std::sync::Mutex<Vec<(Shown, Arc<Picture>)>>);

type Shown = (slipway_domain::blob::Sha256, PictureSize);

/// So many are kept.
const KEPT: usize = 96;

impl Pictures {
    fn get(&self, key: &Shown) -> Option<Picture> {
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let at = kept.iter().position(|(of, _)| of == key)?;
        let found = kept.remove(at);
        let picture = found.1.clone();
        kept.push(found);
        drop(kept);
        Some((*picture).clone())
    }

    fn keep(&self, key: Shown, picture: Picture) {
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.retain(|(of, _)| *of != key);
        let surplus = (kept.len() + 1).saturating_sub(KEPT);
        kept.drain(..surplus);
        kept.push((key, Arc::new(picture)));
    }

    /// Forgets them: the profile was closed.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;
    use rstest::rstest;
    use slipway_domain::attachment::MediaType;

    #[rstest]
    #[case::kept("Front.JPG", MediaType::Jpeg, "Front.JPG")]
    #[case::another_ending("front.webp", MediaType::Jpeg, "front.jpg")]
    #[case::no_ending("pasted", MediaType::Png, "pasted.png")]
    #[case::a_dot_that_is_none("rack 1.2", MediaType::Jpeg, "rack 1.2.jpg")]
    fn a_file_ends_as_what_it_is(#[case] called: &str, #[case] media_type: MediaType, #[case] want: &str) {
        assert_eq!(name_of(called, media_type), want);
    }
}
