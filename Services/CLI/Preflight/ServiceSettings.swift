import Foundation

/// Asks every service what it thinks of the settings: each reads them with its own code, and opens and changes nothing.
struct ServiceSettings: Sendable {
    let config: String
    /// Where the programs are: beside this one.
    var folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

    /// What one service says.
    struct Answer: Sendable, Equatable {
        var faults: [String] = []
        var doubts: [String] = []
        /// Why it could not be asked.
        var trouble: String?
    }

    /// All services at once.
    func run() async -> [Finding] {
        var answers: [(String, Answer)] = []
        await withTaskGroup(of: (String, Answer).self) { group in
            for service in SuiteAddress.services { group.addTask { (service, await ask(service)) } }
            for await answer in group { answers.append(answer) }
        }
        return Self.findings(answers.sorted { $0.0 < $1.0 })
    }

    /// Every fault and doubt once, with those who have it.
    static func findings(_ answers: [(service: String, answer: Answer)]) -> [Finding] {
        func named(_ lines: (Answer) -> [String]) -> [(line: String, services: [String])] {
            var order: [String] = []
            var services: [String: [String]] = [:]
            for (service, answer) in answers {
                for line in lines(answer) {
                    if services[line] == nil { order.append(line) }
                    services[line, default: []].append(service)
                }
            }
            return order.map { ($0, services[$0] ?? []) }
        }
        let mend = "correct it; docs/settings.md describes every key"
        let troubles = answers.compactMap { service, answer in
            answer.trouble.map {
                Finding.warn("settings", "\(service) could not be asked: \($0)", mend: "its own start tells its faults")
            }
        }
        return named(\.faults).map {
            .fail("settings", "\($0.line) (\($0.services.joined(separator: ", ")))", mend: mend)
        }
            + named(\.doubts).map { .warn("settings", $0.line, mend: "see that it is meant; docs/settings.md") }
            + troubles
    }

    private func ask(_ service: String) async -> Answer {
        let program = folder.appending(path: service)
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            return Answer(trouble: "\(program.path) is not there")
        }
        return await withCheckedContinuation { continuation in
            // A thread of its own: waiting for a program blocks.
            Thread { continuation.resume(returning: check(program)) }.start()
        }
    }

    private func check(_ program: URL) -> Answer {
        let process = Process()
        let output = Pipe()
        process.executableURL = program
        process.arguments = ["--config", config, "--check", "--without-secrets"]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return Answer(trouble: "\(error)") }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Self.read(text, status: process.terminationStatus)
    }

    /// - Parameter text: a line for each fault and doubt, as the programs print them.
    static func read(_ text: String, status: Int32) -> Answer {
        var answer = Answer()
        for line in text.split(separator: "\n") {
            if line.hasPrefix("fault ") { answer.faults.append(String(line.dropFirst(6))) }
            if line.hasPrefix("doubt ") { answer.doubts.append(String(line.dropFirst(6))) }
        }
        if status != 0, answer.faults.isEmpty { answer.trouble = "it ended with status \(status)" }
        return answer
    }
}
