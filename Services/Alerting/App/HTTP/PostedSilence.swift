import AlertingCore
import Domain
import HTTPTypes

/// The body of `POST /api/v2/silences`, with everything in it that must be there.
struct PostedSilence {
    private struct MatcherEntry {
        let name: String
        let value: String
        let comparison: Matcher.Comparison
    }

    /// Empty: a new one.
    let id: String
    private let matchers: [MatcherEntry]
    /// Nil: now.
    private let startsAt: Timestamp?
    private let endsAt: Timestamp?
    private let createdBy: String
    private let comment: String
    private let annotations: Labels

    /// - Throws: `APIAnswer.FrameworkFault` when the body is malformed, or something in it is missing.
    init(_ bytes: [UInt8]) throws(APIAnswer.FrameworkFault) {
        let fields = try Fields(bytes)
        id = fields.id
        annotations = Labels(fields.annotations)
        guard let comment = fields.comment else { throw .required("comment") }
        guard let createdBy = fields.createdBy else { throw .required("createdBy") }
        guard let endsAt = fields.endsAt else { throw .required("endsAt") }
        guard let given = fields.matchers else { throw .required("matchers") }
        guard !given.isEmpty else {
            throw APIAnswer.FrameworkFault(
                .unprocessableContent, code: 612, "matchers in body should have at least 1 items")
        }
        var matchers: [MatcherEntry] = []
        for (place, matcher) in given.enumerated() {
            guard let isRegex = matcher.isRegex else { throw .required("matchers.\(place).isRegex") }
            guard let name = matcher.name else { throw .required("matchers.\(place).name") }
            guard let value = matcher.value else { throw .required("matchers.\(place).value") }
            matchers.append(
                MatcherEntry(name: name, value: value, comparison: .init(isEqual: matcher.isEqual, isRegex: isRegex)))
        }
        guard let startsAt = fields.startsAt else { throw .required("startsAt") }
        (self.comment, self.createdBy, self.matchers) = (comment, createdBy, matchers)
        (self.startsAt, self.endsAt) = (startsAt.timestamp, endsAt.timestamp)
    }

    /// - Throws: `APIAnswer.Fault` when it is over already, or ends before it starts.
    func checkTimes(at now: Timestamp) throws(APIAnswer.Fault) {
        let end = endsAt ?? .zero
        guard startsAt.map({ $0 < end }) ?? (endsAt != nil) else {
            throw .badRequest("Failed to create silence: start time must be before end time")
        }
        guard end >= now else { throw .badRequest("Failed to create silence: end time can't be in the past") }
    }

    /// What is asked for.
    ///
    /// - Throws: `APIAnswer.Fault` when a matcher is none.
    func draft() throws(APIAnswer.Fault) -> SilenceDraft {
        var matchers: [Matcher] = []
        for (place, entry) in self.matchers.enumerated() {
            let prefix = "silence invalid: invalid label matcher \(place): "
            guard LabelName.isValid(entry.name) else {
                throw .badRequest("\(prefix)invalid label name \(LabelName.quoted(entry.name))")
            }
            do throws(Matcher.Failure) {
                matchers.append(try Matcher(entry.name, entry.comparison, entry.value))
            } catch {
                throw .badRequest("\(prefix)invalid regular expression \(LabelName.quoted(entry.value)): \(error)")
            }
        }
        return SilenceDraft(
            id: id, matchers: matchers, startsAt: startsAt == .zero ? nil : startsAt, endsAt: endsAt ?? .zero,
            createdBy: createdBy,
            comment: comment,
            annotations: annotations)
    }
}

/// What stands in the body, whether it is enough or not.
private struct Fields {
    struct MatcherFields {
        let name: String?
        let value: String?
        let isRegex: Bool?
        let isEqual: Bool
    }

    let id: String
    let matchers: [MatcherFields]?
    let startsAt: PostedTime?
    let endsAt: PostedTime?
    let createdBy: String?
    let comment: String?
    let annotations: [String: String]

    init(_ bytes: [UInt8]) throws(APIAnswer.FrameworkFault) {
        let document: JSONValue
        do throws(JSONValue.Malformed) {
            document = try JSONValue(bytes)
        } catch {
            throw error == .empty ? .required("silence") : .unreadable("silence", error.description)
        }
        do throws(BodyReader.Mismatch) {
            try self.init(try BodyReader(document, "PostableSilence"))
        } catch {
            throw .unreadable("silence", error.description)
        }
    }

    private init(_ reader: BodyReader) throws(BodyReader.Mismatch) {
        id = try reader.text("id") ?? ""
        startsAt = try Self.time(reader, "startsAt")
        endsAt = try Self.time(reader, "endsAt")
        createdBy = try reader.text("createdBy")
        comment = try reader.text("comment")
        annotations = try reader.texts("annotations") ?? [:]
        guard let entries = try reader.list("matchers") else {
            matchers = nil
            return
        }
        var matchers: [MatcherFields] = []
        for entry in entries {
            let reader = try BodyReader(entry, "Matcher")
            matchers.append(
                MatcherFields(
                    name: try reader.text("name"), value: try reader.text("value"),
                    isRegex: try reader.flag("isRegex"), isEqual: try reader.flag("isEqual") ?? true))
        }
        self.matchers = matchers
    }

    private static func time(_ reader: BodyReader, _ name: String) throws(BodyReader.Mismatch) -> PostedTime? {
        guard let text = try reader.text(name) else { return nil }
        guard let time = PostedTime(text) else {
            throw BodyReader.Mismatch(found: "\"\(text.prefix(40))\"", place: "PostableSilence.\(name)", wanted: "time")
        }
        return time
    }
}
