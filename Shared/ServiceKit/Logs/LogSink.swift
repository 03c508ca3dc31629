/// Where finished lines go.
package protocol LogSink: Sendable {
    /// Takes one line without its line end. Never waits for the reader of the log.
    func write(_ line: String)
}
