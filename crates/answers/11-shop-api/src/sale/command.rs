//! `shop-sale`: a flash sale against any server, for people and scripts.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::System;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use evidence::cli::Extra;
use evidence::{
    Failure, Interrupt, JsonLines, Needs, Quantity, RungKind, Scale, Sink, Stage, Terminal,
};
use serde_json::{Value, json};

use super::buyer::Shop;
use super::capacity::{drive, measure};
use super::flash::{Crowd, rush};

/// How long the server is watched after each load; it should be well within five seconds.
const WATCH: Duration = Duration::from_secs(8);

/// The subcommand.
pub static EXTRA: Extra = Extra { command, run };

/// Where the sale takes place, and who comes.
#[derive(Args, Clone, Debug)]
struct SaleArgs {
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// What is bought, one piece each; put it on sale with `shop-stock`
    #[arg(long, value_name = "SKU")]
    sku: String,
    /// Buyers a second before and after the rush
    #[arg(long, default_value_t = 50.0, value_name = "COUNT", value_parser = rate)]
    rate: f64,
    /// Buyers a second in the rush
    #[arg(long, default_value_t = 1_000.0, value_name = "COUNT", value_parser = rate)]
    peak: f64,
    /// How long the quiet, the rush and the quiet after it last, each
    #[arg(long, default_value = "10", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Measure first what the server can do, then send that much, three times and ten times as much
    #[arg(long)]
    capacity: bool,
    /// Access tokens of the buyers, who take turns. Without one, buyers register and log in
    #[arg(
        long = "token",
        env = "SHOP_SALE_TOKENS",
        hide_env_values = true,
        value_delimiter = ',',
        value_name = "TOKEN"
    )]
    tokens: Vec<String>,
    /// Buyers to register where no token is given: a server allows twenty a minute
    #[arg(long, default_value_t = 8, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=20))]
    buyers: u64,
    /// Print one JSON object per event, for scripts
    #[arg(long)]
    json: bool,
}

fn command() -> Command {
    let about = "Hold a flash sale against a server: buyers come by the clock, whatever it does";
    let after = "Start the server with RATE_LIMIT=0, USER_RATE_LIMIT=0 and SHOP_RESERVED_PER_PERSON=0, \
                 or its limits are what is measured: all buyers come from one address, and a few \
                 accounts buy everything.";
    // Said last, as the arguments bring a description of their own.
    let command = SaleArgs::augment_args(Command::new("shop-sale"));
    command.about(about).long_about(None).after_help(after)
}

fn rate(text: &str) -> Result<f64, String> {
    let known = text.parse().ok().filter(|rate| (0.1..=100_000.0).contains(rate));
    known.ok_or_else(|| "expected 0.1 to 100000".to_owned())
}

fn run(matches: &ArgMatches) -> ExitCode {
    let arguments = match SaleArgs::from_arg_matches(matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let sink: Arc<dyn Sink> = match arguments.json {
        true => Arc::new(JsonLines::new(std::io::stdout())),
        false => Arc::new(Terminal::new(Needs::default())),
    };
    let stage = Stage::new(sink, Scale::Full, 0, Interrupt::default());
    match System::new().block_on(hold(&stage, arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn hold(stage: &Stage, arguments: SaleArgs) -> Result<(), Failure> {
    let tokens = match arguments.tokens.is_empty() {
        true => register(&arguments.url, arguments.buyers).await?,
        false => arguments.tokens.clone(),
    };
    // A connection for each request that may be under way, so that none waits in this program.
    let shop = Shop::new(&arguments.url, "/api/v1/shop/orders", &arguments.sku, tokens, 8_192);
    match arguments.capacity {
        true => find_limits(stage, &shop, arguments.seconds).await,
        false => sell(stage, &shop, &arguments).await,
    }
}

/// Makes accounts and logs them in, as anybody can.
async fn register(url: &str, buyers: u64) -> Result<Vec<String>, Failure> {
    let client = awc::Client::builder().timeout(Duration::from_secs(30)).finish();
    let url = url.trim_end_matches('/');
    let run = rand::random::<u32>();
    let mut tokens = Vec::new();
    for buyer in 0..buyers {
        let (email, password) = (format!("sale-{run:08x}-{buyer}@example.org"), password());
        let account = json!({"email": email, "name": "Buyer", "password": password});
        let made = client.post(format!("{url}/api/v1/users")).send_json(&account).await;
        let made = made.map_err(|error| format!("{url} does not answer: {error}"))?;
        if made.status() != 201 {
            return Err(format!("a buyer could not register: {}", made.status()).into());
        }
        let login = json!({"email": email, "password": password});
        let session = client.post(format!("{url}/api/v1/sessions")).send_json(&login).await;
        let mut session = session.map_err(|error| error.to_string())?;
        let body: Value = session.json().await?;
        let token = body["access_token"].as_str().ok_or("a buyer could not log in")?;
        tokens.push(token.to_owned());
    }
    Ok(tokens)
}

fn password() -> String {
    format!("{:032x}", rand::random::<u128>())
}

async fn sell(stage: &Stage, shop: &Shop, arguments: &SaleArgs) -> Result<(), Failure> {
    let phase = Duration::from_secs(arguments.seconds);
    let (quiet, peak) = (arguments.rate, arguments.peak);
    let closing = phase * 3 + Duration::from_secs(10);
    let crowd = Crowd { quiet, peak, phases: [phase; 3], closing };
    let bar = std::cell::RefCell::new(stage.progress("sell", crowd.size(), "buyers"));
    let sale = rush(shop, &crowd, |_| {
        // Only a reader who stops the run is told so here, and Ctrl-C ends this program by itself.
        let _ = bar.borrow_mut().advance(1);
    })
    .await;
    drop(bar);
    let columns =
        ["orders kept", "in 1 s", "sold out", "turned away", "failed", "p50", "p99", "revenue, €"];
    let ladder = stage.ladder(format!("{quiet}/s → {peak}/s → {quiet}/s"), &columns);
    let counts = [sale.orders, sale.in_time(), sale.sold_out, sale.turned_away, sale.failed]
        .map(Quantity::count);
    let times = [sale.p50(), sale.p99()].map(Quantity::duration);
    let cells = counts.into_iter().chain(times).chain([Quantity::count(sale.cents / 100)]);
    let name = format!("{} buyers", sale.buyers);
    ladder.rung(RungKind::Right, name, cells.map(Into::into).collect());
    let refusals = sale.refused.len();
    stage.note(format!(
        "{refusals} of {} requests were refused, {} within 100 ms and {} without a time to come \
         back.",
        sale.requests,
        sale.at_once(),
        sale.untold
    ));
    Ok(())
}

async fn find_limits(stage: &Stage, shop: &Shop, seconds: u64) -> Result<(), Failure> {
    let time = Duration::from_secs(seconds);
    stage.step("What the server can do");
    let capacity = measure(&shop.anew(), time).await;
    if capacity < 1.0 {
        return Err(
            "the server takes no orders: is the product on sale, and is there enough?".into()
        );
    }
    stage.measure("capacity", "orders a second", Quantity::per_second(capacity));
    stage.step("As much, three times and ten times as much");
    let columns = [
        "offered",
        "goodput",
        "of peak",
        "p99",
        "refused",
        "refusal p99",
        "late",
        "untold",
        "failed",
        "recovery",
    ];
    let ladder = stage.ladder(format!("{seconds} s each"), &columns);
    let mut peak = 0.0_f64;
    for factor in [1.0, 3.0, 10.0] {
        let driven = drive(&shop.anew(), capacity, factor, [time, WATCH]).await;
        peak = peak.max(driven.goodput);
        let count = |count| Quantity::count(count).into();
        let recovery = driven.recovery.map_or("not yet".into(), |it| Quantity::duration(it).into());
        ladder.rung(
            RungKind::Right,
            format!("{factor}×"),
            vec![
                count(driven.offered),
                Quantity::per_second(driven.goodput).into(),
                Quantity::percent(100.0 * driven.goodput / peak.max(1.0)).into(),
                Quantity::duration(driven.p99).into(),
                count(driven.refused),
                Quantity::duration(driven.refusal_p99).into(),
                count(driven.refused_late),
                count(driven.untold),
                count(driven.failed + driven.not_started),
                recovery,
            ],
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_well_formed_and_bounds_its_rates() {
        command().debug_assert();
        assert!(command().render_long_help().to_string().starts_with("Hold a flash sale"));
        assert!(rate("0").is_err() && rate("nan").is_err() && rate("1e9").is_err());
        assert_eq!(rate("50"), Ok(50.0));
    }
}
