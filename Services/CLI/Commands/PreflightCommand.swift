import ArgumentParser

/// `plimsoll preflight`.
struct PreflightCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preflight",
        abstract: "Looks whether everything the suite needs is there and set up right. Changes nothing.",
        discussion: "Exit status 0 when nothing fails (warnings may be there), 1 otherwise.")

    @OptionGroup var suite: SuiteOptions

    func run() async throws {
        let findings = await Preflight(config: suite.config).run()
        print(findings.text)
        if findings.contains(where: { $0.grade == .fail }) { throw ExitCode(1) }
    }
}
