//! The description of the HTTP interface, made of the routes and wire types themselves.

use crate::http::{MEDIA_TYPE, PREFIX};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

/// What stands before the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Slipway server",
        description = "Sync of Slipway laptops. Every answer but 200 is an ErrorBody: a code for programs, a sentence and a way out for people. Other tools read and write under /v1/api with a token of their own, where every answer that is no success is a Problem. A laptop says its protocol level in the header slipway-level.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(slipway_sync::protocol::ErrorBody, crate::http::Problem)),
    modifiers(&Token)
)]
struct Head;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("Access token of a session")).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let tool = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Token of another tool, made by slipway-server token add"))
            .build();
        components.add_security_scheme("api_token", SecurityScheme::Http(tool));
    }
}

pub(crate) fn head() -> utoipa::openapi::OpenApi {
    Head::openapi()
}

/// The whole description as JSON.
///
/// # Errors
/// It cannot be written as JSON: a mistake in this file.
pub fn json() -> Result<String, serde_json::Error> {
    let (_, mut document) = crate::http::routes().split_for_parts();
    let error = ResponseBuilder::new()
        .description("Why the request was not carried out")
        .content("application/json", Content::new(Some(Ref::from_schema_name("ErrorBody"))))
        .build();
    let problem = ResponseBuilder::new()
        .description("Why the request was not carried out")
        .content(MEDIA_TYPE, Content::new(Some(Ref::from_schema_name("Problem"))))
        .build();
    for (route, path) in &mut document.paths.paths {
        let error = if route.starts_with(PREFIX) { &problem } else { &error };
        let operations =
            [&mut path.get, &mut path.post, &mut path.put, &mut path.delete, &mut path.head, &mut path.patch];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.entry("default".to_owned()).or_insert_with(|| error.clone().into());
        }
    }
    document.to_pretty_json().map(|text| text + "\n")
}
