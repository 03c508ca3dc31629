import ArgumentParser
import Store

/// `plimsoll notifications`.
struct NotificationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notifications", abstract: "What people were told.", subcommands: [NotificationsVerify.self])
}

/// `plimsoll notifications verify`.
struct NotificationsVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks that the delivery log is as it was written.",
        discussion: "Every row's hash is computed anew and compared, from where the log begins to its end.")

    @OptionGroup var suite: SuiteOptions

    func run() async throws {
        try await reporting {
            let report = try await Suite.with(suite) { suite in
                try await DeliveryLogAudit(database: suite.database).run()
            }
            guard report.findings.isEmpty else {
                throw Failure(
                    "the delivery log was changed: " + report.findings.joined(separator: "; "),
                    mend: "compare with a backup; see DeliveryLogBroken in docs/runbook.md")
            }
            let begin = report.anchor.map { ", older rows up to \($0) were removed for their age" } ?? ""
            print("The delivery log is whole: \(report.rows) rows\(begin).")
        }
    }
}
