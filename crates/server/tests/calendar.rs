//! The calendar that other programs subscribe to, over real TLS.

use super::World;
use crate::support::{START_MS, new_id};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::id::FreezeId;
use slipway_domain::people::Role;
use slipway_domain::setting::{Every, Freeze, FreezeScope, FreezeStrength, Repeat};
use slipway_domain::time::{Timestamp, Window};
use slipway_server::setup::TokenActs;

#[tokio::test]
async fn the_calendar_is_read_by_whoever_has_a_token() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let now = Timestamp(START_MS);
    let window = Window { start: now.plus_days(1), end: now.plus_days(2) };
    let repeats = Some(Repeat { every: Every::Week, until: Some(now.plus_days(16)) });
    let freeze = Freeze {
        id: FreezeId(new_id()),
        title: "Month end; closed, really".into(),
        window,
        scope: FreezeScope::Everything,
        strength: FreezeStrength::Soft,
        repeats,
    };
    let put = laptop.issue(Command::Setup(SetupCommand::PutFreeze(freeze)));
    world.push(&laptop, 1, &[put]).await.unwrap();
    let (_, token) = world.office().add_token("calendars", &TokenActs::As(vec![Role::Viewer]), 30).unwrap();
    let url = format!("{}/v1/calendar.ics", world.running.url);

    let nobody = world.client.get(&url).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    assert!(nobody.headers()[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic "), "programs ask for a password");
    let wrong = world.client.get(&url).basic_auth("me", Some("slp_wrong")).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);

    for request in [world.client.get(&url).bearer_auth(&token), world.client.get(&url).basic_auth("any", Some(&token))]
    {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/calendar; charset=utf-8");
        let text = answer.text().await.unwrap();
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"), "{text}");
        assert_eq!(text.matches("SUMMARY:Freeze: Month end\\; closed\\, really").count(), 3, "each time of it: {text}");
    }
    let day = |days| now.plus_days(days).day();
    let part = format!("{url}?from={}&to={}", day(0), day(5));
    let text = world.client.get(&part).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
    assert_eq!(text.matches("BEGIN:VEVENT").count(), 1, "{text}");
    for query in ["from=tomorrow", "from=2026-01-02&to=2026-01-01", "from=2026-01-01&to=2029-01-01", "day=1"] {
        let answer = world.client.get(format!("{url}?{query}")).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
    }
}
