import Domain
import Exchanges
import Outbound
import ServiceKit

/// Whether the exchange answers, our clock agrees with its, it has our markets, and it takes our keys.
struct ExchangeChecks: Sendable {
    let settings: PreflightSettings

    func run() async -> [Finding] {
        guard settings.exchange == "binance" else {
            return [
                .warn(
                    "exchange", "\(settings.exchange) is not looked at", mend: "only binance is checked in this release"
                )
            ]
        }
        let client = HTTPClient()
        defer { client.close() }
        var findings: [Finding] = []
        let rest = rest(client, signer: nil)
        do {
            let offset = try await rest.time() - SystemClock().now()
            findings.append(clock(offset))
            let known = try await rest.exchangeInfo(settings.symbols).instruments
            let missing = settings.symbols.filter { known[$0] == nil }
            findings.append(
                missing.isEmpty
                    ? .ok("markets", "\(known.count) of exchange.symbols are there")
                    : .fail(
                        "markets", "not there: \(missing.map(\.name).joined(separator: ", "))",
                        mend: "take them out of exchange.symbols"))
        } catch {
            findings.append(
                .fail(
                    "exchange", "\(settings.restURL): \(error)",
                    mend: "see exchange.rest_url, the network, and whether the exchange is open"))
            return findings
        }
        for account in settings.accounts where account.venue == "binance" {
            findings.append(await keys(account, client))
        }
        return findings
    }

    private func clock(_ offset: Timestamp.Span) -> Finding {
        let milliseconds = abs(offset.nanoseconds) / 1_000_000
        let words = "\(settings.restURL) answers, our clock differs by \(milliseconds) ms"
        return milliseconds < 1000
            ? .ok("exchange", words)
            : .warn(
                "exchange", words,
                mend: "let NTP set this machine's clock: signed orders are refused when it is far off")
    }

    private func keys(_ account: PreflightSettings.Account, _ client: HTTPClient) async -> Finding {
        let subject = "keys: \(account.id)"
        guard let key = account.keyFile.flatMap(Preflight.read), let secret = account.secretFile.flatMap(Preflight.read)
        else { return .fail(subject, "not readable", mend: "see the lines on secrets above") }
        do {
            let answer = try await rest(client, signer: BinanceSigner(apiKey: key, secret: secret)).account()
            guard answer.canTrade else {
                return .fail(subject, "the exchange does not let them trade", mend: "allow spot trading for the key")
            }
            return .ok(subject, "accepted, may trade")
        } catch {
            return .fail(
                subject, "\(error)", mend: "make a key for spot trading, without withdrawals, and store both parts")
        }
    }

    private func rest(_ client: HTTPClient, signer: BinanceSigner?) -> BinanceREST {
        BinanceREST(
            BinanceREST.Configuration(baseURL: settings.restURL), transport: HTTPTransport(client), signer: signer,
            wallClock: { SystemClock().now() })
    }
}
