import FoundationEssentials
import Glibc

/// What the kernel knows of this process, from /proc, under the names every Prometheus client uses.
struct ProcessMetrics: Sendable {
    private let memory: Gauge
    private let processor: Counter
    private let openFiles: Gauge
    private let openFilesMax: Gauge
    private let threads: Gauge

    /// Registers the series; they are read at each rendering of the page.
    static func register(in metrics: Metrics) {
        let process = ProcessMetrics(metrics)
        if let start = startTime() {
            metrics.gauge("process_start_time_seconds", "When the process started, seconds since the epoch.").set(start)
        }
        metrics.beforeRender { process.update() }
    }

    private init(_ metrics: Metrics) {
        memory = metrics.gauge("process_resident_memory_bytes", "Memory in use.")
        processor = metrics.counter("process_cpu_seconds_total", "Processor time used, user and system.")
        openFiles = metrics.gauge("process_open_fds", "Open file descriptors.")
        openFilesMax = metrics.gauge("process_max_fds", "The limit of open file descriptors.")
        threads = metrics.gauge("process_threads", "Threads of the process.")
    }

    private func update() {
        if let fields = Self.statFields() {
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            processor.raise(to: ((Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)) / ticks)
            threads.set(Double(fields[17]) ?? 0)
            memory.set((Double(fields[21]) ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))))
        }
        // Without /proc there is no figure.
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            openFiles.set(files.count)
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            openFilesMax.set(Double(limit.rlim_cur))
        }
    }

    /// The fields of /proc/self/stat after the command, which may itself hold blanks and brackets.
    private static func statFields() -> [Substring]? {
        guard let data = FileManager.default.contents(atPath: "/proc/self/stat"),
            let text = String(data: data, encoding: .utf8), let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 21 ? fields : nil
    }

    private static func startTime() -> Double? {
        guard let fields = statFields(), let ticks = Double(fields[19]),
            let data = FileManager.default.contents(atPath: "/proc/stat"),
            let line = String(data: data, encoding: .utf8)?.split(separator: "\n").first(where: {
                $0.hasPrefix("btime ")
            }),
            let boot = Double(line.dropFirst(6))
        else { return nil }
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
