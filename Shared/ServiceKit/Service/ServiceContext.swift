package import Logging

/// What a service is given to build itself from.
package struct ServiceContext: Sendable {
    package let name: ServiceName
    /// Tells this process from another of the same service, in leases and logs: host, process and start.
    package let instance: String
    /// Reads the settings; the kit calls `finish()` after the build, so a build only reads.
    package let reader: SettingsReader
    package let metrics: Metrics
    package let health: Health
    package let clock: any WallClock
    let output: LogOutput
    /// Nil where there is no file that could change.
    let reload: SettingsReload?

    /// Keeps a secret that was not read from the settings out of the logs.
    package func conceal(_ secret: Secret) { output.redactor.remember(secret) }

    /// The logger of the service itself.
    package var logger: Logger { output.logger(service: name.name, label: name.name) }

    /// Registers what takes changes of these keys (or of keys below them) over while the service runs; it is called with a
    /// reading of all the settings that has no fault. Every other change is named in the log as one that needs a restart.
    package func onChange(of keys: Set<String>, _ apply: @escaping SettingsReload.Apply) {
        reload?.onChange(keys, apply)
    }

    /// The logger of one of its modules: `context.logger("venue")` logs as `execution.venue`.
    package func logger(_ module: String) -> Logger {
        output.logger(service: name.name, label: "\(name.name).\(module)")
    }
}
