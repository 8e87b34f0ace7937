//! axum with the icalendar crate and chrono-tz, as their READMEs show.
//! Times are written with their TZID; the crate makes no VTIMEZONE.

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use chrono::{DateTime, Days, Duration, NaiveDate};
use chrono_tz::Tz;
use icalendar::{Alarm, Calendar, CalendarDateTime, Component, Event, EventLike, Trigger};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Occurrence {
    id: String,
    titre: String,
    notes: Option<String>,
    date_debut: String,
    date_fin: String,
    lieu: Option<String>,
    #[serde(default)]
    toute_la_journee: bool,
    rappel_minutes: Option<i64>,
}

#[derive(Deserialize)]
struct Evenement {
    occurrences: Vec<Occurrence>,
}

#[derive(Deserialize, Default)]
struct Options {
    fuseau: Option<String>,
}

#[derive(Deserialize)]
struct Request {
    evenement: Evenement,
    #[serde(default)]
    options: Options,
}

fn in_zone(text: &str, zone: Tz) -> Result<CalendarDateTime, chrono::ParseError> {
    let instant = DateTime::parse_from_rfc3339(text)?;
    Ok(CalendarDateTime::from_date_time(instant.with_timezone(&zone)))
}

fn to_event(from: &Occurrence, zone: Tz) -> Result<Event, chrono::ParseError> {
    let mut event = Event::new();
    event.uid(&from.id).summary(&from.titre);
    if from.toute_la_journee {
        let end: NaiveDate = from.date_fin.parse()?;
        event.starts(from.date_debut.parse::<NaiveDate>()?);
        event.ends(end + Days::new(1));
    } else {
        event.starts(in_zone(&from.date_debut, zone)?);
        event.ends(in_zone(&from.date_fin, zone)?);
    }
    if let Some(notes) = &from.notes {
        event.description(notes);
    }
    if let Some(place) = &from.lieu {
        event.location(place);
    }
    if let Some(minutes) = from.rappel_minutes {
        let trigger = Trigger::before_start(Duration::minutes(minutes));
        event.alarm(Alarm::display(&from.titre, trigger));
    }
    Ok(event.done())
}

async fn generate(Json(request): Json<Request>) -> Response {
    let zone: Tz = match request.options.fuseau.as_deref().unwrap_or("Europe/Paris").parse() {
        Ok(zone) => zone,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}")).into_response(),
    };
    let mut calendar = Calendar::new();
    for occurrence in &request.evenement.occurrences {
        match to_event(occurrence, zone) {
            Ok(event) => calendar.push(event),
            Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
        };
    }
    let kind = [(header::CONTENT_TYPE, "text/calendar; charset=utf-8")];
    (kind, calendar.to_string()).into_response()
}

#[tokio::main]
async fn main() {
    let app = Router::new()
        .route("/api/generate", post(generate))
        .layer(DefaultBodyLimit::max(5 * 1024 * 1024));
    let port = std::env::var("PORT").expect("PORT");
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}"))
        .await
        .expect("a free port");
    axum::serve(listener, app).await.expect("a server");
}
