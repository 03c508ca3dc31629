import Glibc
import ServiceKit

@main
struct Main {
    static func main() async {
        do {
            let standalone = try StandaloneArguments(Array(CommandLine.arguments.dropFirst()))
            StandaloneArguments.conceal()
            guard let standalone else {
                await runService("alerting") { context, api in try Build(context, api).services }
            }
            await runService(
                "alerting", listen: standalone.listen, settings: { try Settings(yaml: standalone.settings) }
            ) { context, api in try Build(context, api, standalone: standalone).services }
        } catch {
            let bytes = Array("alerting: \(error.problem)\n\(StandaloneArguments.help)\n".utf8)
            _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            exit(64)
        }
    }
}
