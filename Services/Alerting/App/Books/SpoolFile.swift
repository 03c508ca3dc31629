import Foundation

/// What is in one file of the spool.
struct SpoolFile: Sendable {
    /// What a file holds, read.
    struct Content {
        var records: [Record] = []
        /// Pieces that are no records.
        var unreadable: [Data] = []
    }

    var bytes = 0
    var records = 0

    private static let separator: UInt8 = 0x1e
    private static let lineFeed: UInt8 = 0x0a

    static func encode(_ records: [Record]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var data = Data()
        for record in records {
            data.append(separator)
            if case .heard(let alert) = record {
                data += try encoder.encode(Record.end(AlertEnd(alert)))
            } else {
                data += try encoder.encode(record)
            }
            data.append(lineFeed)
        }
        return data
    }

    /// Each piece stands for itself. One at the end without its line feed was cut off by a crash: nobody was told that it
    /// is kept, and it is left out.
    static func decode(_ data: Data) -> Content {
        var content = Content()
        let decoder = JSONDecoder()
        let whole = data[..<(data.lastIndex(of: lineFeed) ?? data.startIndex)]
        for piece in whole.split(whereSeparator: { $0 == separator || $0 == lineFeed }) {
            do { content.records.append(try decoder.decode(Record.self, from: Data(piece))) } catch {
                content.unreadable.append(Data(piece))
            }
        }
        return content
    }

    /// How many records data holds, readable or not.
    static func count(_ data: Data) -> Int { data.count { $0 == separator } }
}
