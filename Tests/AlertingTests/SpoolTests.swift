import AlertingCore
import Domain
import Foundation
import Synchronization
import TestKit
import Testing

@testable import AlertingApp

/// What is on the local disk, with everything that can happen to a disk.
struct SpoolTests {
    private func alert(_ name: String) -> Record {
        .alert(
            Alert(
                labels: Labels(["alertname": name]), annotations: Labels(["summary": "line\nbreak \u{1e} \u{2028}"]),
                startsAt: .zero, endsAt: .zero, updatedAt: .zero, endIsTimeout: false, generatorURL: "",
                kind: .condition))
    }

    private func names(_ records: [Record]) -> [String] {
        records.compactMap { if case .alert(let alert) = $0 { alert.labels["alertname"] } else { nil } }
    }

    private func file(_ folder: URL, _ number: Int) -> URL { folder.appending(path: "spool-\(number).jsonl") }

    /// The folder once more: the last one lets go of it a moment after its last call has returned.
    private func reopened(
        _ folder: URL, setAside: @escaping @Sendable (String, Int) -> Void = { _, _ in }
    ) async throws -> Spool {
        try await eventually("the folder is free") {
            do { return try Spool(folder: folder, setAside: setAside) } catch let error as Spool.Failure {
                guard "\(error)".contains("another process") else { throw error }
                return nil
            }
        }
    }

    @Test func `what was kept is there after a start, in order, and gone when it is dropped`() async throws {
        let folder = try Scratch.folder()
        do {
            let spool = try Spool(folder: folder)
            try await spool.append([alert("a"), alert("b")])
            try await spool.append([alert("c")])
            #expect(spool.count == 3)
        }
        let spool = try await reopened(folder)
        #expect(spool.count == 3)
        #expect(names(try await spool.all()) == ["a", "b", "c"])
        try await spool.append([alert("d")])
        let first = try #require(try await spool.oldest())
        #expect(names(first.records) == ["a", "b", "c"])
        try await spool.drop(first)
        #expect(names(try await spool.all()) == ["d"])
        let second = try #require(try await spool.oldest())
        try await spool.append([alert("e")])
        try await spool.drop(second)
        #expect(names(try await spool.all()) == ["e"], "what came meanwhile is in another segment")
    }

    @Test func `a record that is torn in the middle hides no other, and is set aside loudly`() async throws {
        let folder = try Scratch.folder()
        do {
            let spool = try Spool(folder: folder)
            try await spool.append([alert("a")])
            try await spool.append([alert("b")])
            try await spool.append([alert("c")])
        }
        var data = try Data(contentsOf: file(folder, 1))
        let starts = data.indices.filter { data[$0] == 0x1e }
        // The end of the second, its line feed too, and a piece of the third's separator's neighbourhood stays.
        data.removeSubrange((starts[1] + 20)..<starts[2])
        try data.write(to: file(folder, 1))
        let aside = Mutex<[String]>([])
        let spool = try await reopened(folder) { file, records in aside.withLock { $0.append("\(file) \(records)") } }
        #expect(names(try await spool.all()) == ["a", "c"])
        #expect(aside.withLock { $0 } == ["aside-1-unreadable.jsonl 1"])
        #expect(try spool.recordsAside == 1)
        _ = try await spool.all()
        #expect(aside.withLock { $0.count } == 1, "said once")
        let segment = try #require(try await spool.oldest())
        try await spool.drop(segment)
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: "aside-1-unreadable.jsonl").path))
    }

    /// A crash cuts the file anywhere: all whole records are there, and no other.
    @Test func `cut at any byte, the whole records before the cut are there`() async throws {
        let folder = try Scratch.folder()
        do {
            let spool = try Spool(folder: folder)
            try await spool.append((0..<5).map { alert("n\($0)") })
        }
        let data = try Data(contentsOf: file(folder, 1))
        let ends = data.indices.filter { data[$0] == 0x0a }.map { $0 + 1 }
        for cut in 0...data.count {
            let content = SpoolFile.decode(data.prefix(cut))
            #expect(content.records.count == ends.count { $0 <= cut }, "cut at \(cut)")
            #expect(content.unreadable.isEmpty, "cut at \(cut)")
        }
    }

    /// Any byte spoiled costs one record at most, two when it was what stood between them.
    @Test(arguments: [3, 11] as [UInt64])
    func `a spoiled byte costs its own record only`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let data = try SpoolFile.encode((0..<20).map { alert("n\($0)") })
        for _ in 0..<300 {
            var spoiled = data
            let place = Int.random(in: 0..<data.count, using: &random)
            spoiled[place] = UInt8.random(in: 0...255, using: &random)
            let read = SpoolFile.decode(spoiled).records.count
            #expect(read >= 18, "seed \(seed), byte \(place) is \(spoiled[place]): \(read) of 20 left")
        }
    }

    @Test func `one process has the folder`() async throws {
        let folder = try Scratch.folder()
        let spool = try Spool(folder: folder)
        #expect(throws: Spool.Failure.self) { _ = try Spool(folder: folder) }
        let instance = spool.instance
        #expect(instance.count == 36)
    }

    @Test func `a disk that is full refuses, and what was kept stays readable`() async throws {
        let folder = try Scratch.folder()
        let spool = try Spool(folder: folder)
        try await spool.append([alert("a")])
        let big = (0..<40_000).map { alert("\($0)" + String(repeating: "x", count: 1800)) }
        await #expect(throws: Spool.Failure.self) { try await spool.append(big) }
        try await spool.append([alert("b")])
        #expect(names(try await spool.all()) == ["a", "b"])
    }

    @Test func `what is heard of again and again does not fill the disk`() async throws {
        let folder = try Scratch.folder()
        let spool = try Spool(folder: folder, compactsFrom: 64 << 10)
        guard case .alert(var known) = alert("a"), case .alert(var other) = alert("b") else { return }
        try await spool.append([.alert(other), .begun(Begun(notice: "n", number: 1, at: .zero))])
        // From now on to another segment, as if it was being played back.
        let first = try #require(try await spool.oldest())
        try await spool.append([.alert(known), .begun(Begun(notice: "n", number: 2, at: .zero))])
        for second in Int64(1)...200 {
            known.updatedAt = .zero + .seconds(second)
            known.endsAt = .zero + .seconds(second + 240)
            (other.updatedAt, other.endsAt) = (known.updatedAt, known.endsAt)
            try await spool.append((0..<20).map { .heard($0 % 2 == 0 ? known : other) })
        }
        #expect(spool.bytes < 160 << 10, "\(spool.bytes) bytes, and uncompacted more than 400 k")
        try await spool.drop(first)
        let reopened = try await spool.all()
        let begun = reopened.filter { if case .begun = $0 { true } else { false } }
        #expect(begun.count == 1, "what nobody says anew stays")
        #expect(SpooledBooks([.alert(other)] + reopened).alerts.map(\.endsAt) == [known.endsAt, known.endsAt])
        #expect(SpooledBooks(reopened).alerts.map(\.annotations) == [known.annotations])
    }

    @Test func `of an alert that is heard of again the disk keeps its end only`() async throws {
        let folder = try Scratch.folder()
        let spool = try Spool(folder: folder)
        guard case .alert(var known) = alert("a") else { return }
        try await spool.append([.alert(known)])
        let before = spool.bytes
        known.endsAt = .zero + .seconds(60)
        known.updatedAt = .zero + .seconds(1)
        try await spool.append([.heard(known)])
        #expect(spool.bytes - before < 150)
        let books = SpooledBooks(try await spool.all())
        #expect(books.alerts.map(\.endsAt) == [known.endsAt])
    }
}
