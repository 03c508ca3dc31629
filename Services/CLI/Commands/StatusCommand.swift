import ArgumentParser
import ServiceKit

/// `plimsoll status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Accounts, positions, goals, sources and services, now.",
        discussion: """
            Positions are valued at the last price that risk-manager heard, or at the close of the newest finished minute \
            where that is newer; PRICED says how old it is. Exit status 69 when the database or a service cannot be reached.
            """)

    @Flag(name: .long, help: "End with status 1 when something is not ready or needs a person.")
    var check = false

    @OptionGroup var suite: SuiteOptions

    func run() async throws {
        try await reporting {
            let report = try await Suite.with(suite) {
                try await StatusLoader(suite: $0).load(now: SystemClock().now())
            }
            print(report.text)
            if !report.unreachable.isEmpty {
                throw Failure(
                    "cannot be reached: \(report.unreachable.joined(separator: ", "))",
                    mend: "see that they run (`ops/status`, `docker compose ps`), and `services.…` of the settings",
                    status: Failure.unreachable)
            }
            if check, !report.isWell {
                throw Failure("the suite is not well, see above", mend: "docs/runbook.md says what to do about each")
            }
        }
    }
}
