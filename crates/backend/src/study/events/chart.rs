//! A chart as a picture: at an address of its own, or inside a page that stands alone.

use evidence::Chart;
use maud::{Markup, html};

use super::{Pictures, Place};

/// Drawn as an image, as the style element inside the picture would be refused in the page.
pub(super) fn chart(chart: &Chart, place: &Place) -> Markup {
    let svg = chart.to_svg();
    let between = |open: &str, close: &str| -> Option<&str> {
        let (_, rest) = svg.split_once(open)?;
        Some(rest.split_once(close)?.0)
    };
    let description = between("<desc ", "</desc>").and_then(|text| text.split_once('>'));
    let description = description.map_or("", |(_, text)| text);
    let size = between("viewBox=\"0 0 ", "\"").and_then(|size| size.split_once(' '));
    let (width, height) = size.unwrap_or(("720", "320"));
    let alt = format!("{}. {}", chart.title, unescape(description));
    let source = match &place.pictures {
        Pictures::Below(address) => format!("{address}/{}.svg", chart.id),
        Pictures::Inside => inside(&svg),
    };
    html! {
        figure.chart.scroll tabindex="0" {
            img src=(source) alt=(alt) width=(width) height=(height) loading="lazy";
        }
    }
}

/// The picture as a data URL (RFC 2397); what a URL cannot hold is percent-encoded.
fn inside(svg: &str) -> String {
    let mut url = String::with_capacity(svg.len() * 2);
    url.push_str("data:image/svg+xml,");
    for letter in svg.trim_end().chars() {
        match letter {
            '%' => url.push_str("%25"),
            '#' => url.push_str("%23"),
            '<' => url.push_str("%3C"),
            '>' => url.push_str("%3E"),
            '"' => url.push('\''),
            '\'' => url.push_str("%27"),
            '\n' => url.push(' '),
            letter => url.push(letter),
        }
    }
    url
}

fn unescape(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    plain.replace("&amp;", "&")
}
