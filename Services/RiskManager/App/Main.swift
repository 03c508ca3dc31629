import ServiceKit
import Store
import Wiring

@main
struct Main {
    static func main() async {
        await runService("risk-manager", read: read) { context, api in Build(context, api).services }
    }

    /// Reads every setting of this service.
    static let read: SettingsRead = { reader in
        _ = RiskSettings(reader)
        _ = RetentionRule.decisions(reader)
        _ = Retention.interval(reader)
        Infrastructure.read(reader, role: .riskManager)
    }
}
