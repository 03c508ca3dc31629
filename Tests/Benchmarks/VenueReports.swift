import ArgumentParser
import Domain
import Exchanges
import Foundation
import Outbound

/// Where the venue of the measured run is.
struct VenueServer: ParsableArguments {
    @Option(help: "Port of exchange-sim on 127.0.0.1.") var exchangePort: Int
    @Option(help: "File with the key of the measured account at the venue.") var exchangeKeyFile: String

    /// Listens to what the venue says of the account's orders, by itself and to its clients alike.
    ///
    /// - Parameter heard: gets each order's client id and status. May be called on any thread.
    func follow(_ heard: @escaping @Sendable (String, BinanceOrderStatus) -> Void) async throws -> Task<Void, any Error>
    {
        let key = try String(contentsOfFile: exchangeKeyFile, encoding: .utf8)
        // Opening the stream takes the key alone: nothing is signed.
        let signer = BinanceSigner(apiKey: key.trimmingCharacters(in: .whitespacesAndNewlines), secret: "unused")
        let rest = BinanceREST(
            .init(baseURL: "http://127.0.0.1:\(exchangePort)"), transport: HTTPTransport(HTTPClient()), signer: signer,
            wallClock: { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) })
        let stream = try await rest.openUserStream()
        let url = "ws://127.0.0.1:\(exchangePort)/ws/\(stream)"
        return Task {
            try await WebSocketClient().withConnection(to: url) { connection in
                for try await message in connection.inbound {
                    guard case .text(let text) = message,
                        case .executionReport(let report) = try BinanceFrame.decode(text)
                    else { continue }
                    heard(report.clientOrderID, report.status)
                }
            }
        }
    }
}
