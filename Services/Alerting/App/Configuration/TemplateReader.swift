import AlertingCore
import Foundation
import ServiceKit

/// Reads the files under `templates`, and the keys that hold a template.
struct TemplateReader {
    private let library: TemplateLibrary
    private let externalURL: String
    /// As they are named, from the root.
    let paths: [String]

    /// Most template files.
    private static let filesMax = 100

    /// - Parameter file: the configuration; other paths count from its folder.
    init(files reader: SettingsReader, file: String, externalURL: String) {
        self.externalURL = externalURL
        var library = TemplateLibrary.standard
        let folder = URL(filePath: file).deletingLastPathComponent()
        let patterns = reader.strings("templates", default: [])
        paths = patterns.map { $0.hasPrefix("/") ? $0 : folder.appending(path: $0).path }
        for (pattern, path) in zip(patterns, paths) {
            let found = Self.files(path)
            if found.isEmpty, !pattern.contains("*") { reader.fault("templates", "\(pattern) cannot be read") }
            for file in found.prefix(Self.filesMax) {
                // Whatever the reason, the fault names the file.
                guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                    reader.fault("templates", "\(file) cannot be read")
                    continue
                }
                do throws(TemplateFault) { try library.add(text) } catch {
                    reader.fault("templates", "\(file):\(error.line): \(error.problem)")
                }
            }
        }
        self.library = library
    }

    /// The files of a path whose last part may hold `*`.
    static func files(_ path: String) -> [String] {
        let folder = URL(filePath: path).deletingLastPathComponent()
        let parts = URL(filePath: path).lastPathComponent.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return FileManager.default.fileExists(atPath: path) ? [path] : [] }
        // A folder that is not there holds no file.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { matches($0, parts) }.sorted().map { folder.appending(path: $0).path }
    }

    private static func matches(_ name: String, _ parts: [Substring]) -> Bool {
        guard let first = parts.first, let last = parts.last, name.count >= first.count + last.count,
            name.hasPrefix(first), name.hasSuffix(last)
        else { return false }
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }

    /// The template at a key; nil when there is none.
    func template(_ item: SettingsReader, _ key: String, kind: Template.Kind = .text) -> Wording.Template? {
        guard item.has(key) else { return nil }
        let text = item.text(key)
        do throws(TemplateFault) {
            let template = try Template(text, library: library, kind: kind)
            let externalURL = externalURL
            return { try template.render(TemplateData($0, externalURL: externalURL)) }
        } catch {
            item.fault(key, "\(error)")
            return nil
        }
    }
}
