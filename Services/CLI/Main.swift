import ArgumentParser
import ServiceKit

@main
enum Main {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        ProcessArguments.hidePasswords()
        await Plimsoll.main(arguments)
    }
}

/// The operator's command line.
struct Plimsoll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plimsoll",
        abstract: "Looks at the suite and steers it.",
        discussion: """
            Exit status: 0 done, 1 not done or something is wrong (said on stderr), 64 wrong arguments, \
            69 a service or the database cannot be reached, 78 faulty settings.
            """,
        subcommands: [
            StatusCommand.self, WhyCommand.self, PauseCommand.self, ResumeCommand.self, StopCommand.self,
            GoalCommand.self, DepositCommand.self, WithdrawCommand.self, PreflightCommand.self, MigrateCommand.self,
            FillsAsideCommand.self, NotificationsCommand.self, BacktestCommand.self,
        ])
}
