import ServiceKit
import Store
import Wiring

@main
struct Main {
    static func main() async {
        await runService("market-data", read: read) { context, _ in Build(context).services }
    }

    /// Reads every setting of this service.
    static let read: SettingsRead = { reader in
        _ = MarketDataSettings(reader)
        _ = RetentionRule.outbox(reader)
        _ = Retention.interval(reader)
        Infrastructure.read(reader, role: .marketData)
    }
}
