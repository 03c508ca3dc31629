import ArgumentParser

/// What every command takes.
struct SuiteOptions: ParsableArguments {
    @Option(name: .long, help: "The settings of the suite.")
    var config = "config/plimsoll.yaml"
}
