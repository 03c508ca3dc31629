import FoundationEssentials
import Glibc
import ServiceKit
import Store
import Wiring

@main
struct Main {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        ProcessArguments.hidePasswords()
        do {
            guard let standalone = try StandaloneArguments(arguments) else {
                await runService("alerting", read: read) { context, api in try Build(context, api).services }
            }
            await runService(
                "alerting", listen: standalone.listen,
                settings: {
                    try Settings(yaml: standalone.settings, environment: ProcessInfo.processInfo.environment)
                }
            ) { context, api in try Build(context, api, standalone: standalone).services }
        } catch {
            let bytes = Array("alerting: \(error.problem)\n\(StandaloneArguments.help)\n".utf8)
            _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            exit(64)
        }
    }

    /// Reads every setting of this service.
    static let read: SettingsRead = { reader in
        _ = AlertingSettings(reader)
        Infrastructure.read(reader, role: .alerting)
    }
}
