/// Reads every setting of a service, and notes what is wrong with it; the values themselves may be thrown away.
package typealias SettingsRead = @Sendable (SettingsReader) -> Void

/// What the kit itself reads.
struct KitSettings {
    let levels: LogLevels
    let stopLimit: Duration
    let listen: ListenAddress
    /// Under which the service is reached, besides addresses and names without a dot.
    let names: [String]

    /// - `log.level`, `log.modules`: see `LogLevels`. `http.host` (text, default 127.0.0.1), `http.shutdown_limit` (1s … 5m,
    ///   default 20s), `http.names` (list of host names, default empty), and `port` in the section of the service (1 … 65535, required).
    ///
    /// - Parameter given: where to listen instead.
    init(_ reader: SettingsReader, _ name: ServiceName, _ given: ListenAddress?) {
        levels = LogLevels(reader: reader)
        stopLimit = reader.duration(
            "http.shutdown_limit", in: .seconds(1)...(.seconds(300)), default: .seconds(20))
        names = reader.strings("http.names", default: [])
        listen =
            given
            ?? ListenAddress(
                host: reader.string("http.host", default: "127.0.0.1"),
                port: reader.integer("\(name.section).port", in: 1...65_535))
    }
}

/// Reads the settings as a service does at its start, and tells all that is wrong or doubtful; nothing is opened or made.
enum SettingsCheck {
    /// - Throws: `SettingsError` with every fault.
    /// - Returns: what is doubtful.
    static func run(
        _ name: String, _ settings: Settings, _ listen: ListenAddress?, _ read: SettingsRead
    ) throws(SettingsError) -> [SettingsFault] {
        let reader = settings.reader
        _ = KitSettings(reader, ServiceName(name), listen)
        read(reader)
        return try reader.finish()
    }
}
