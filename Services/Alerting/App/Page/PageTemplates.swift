import Crypto
import Foundation
import Mustache

/// The page's templates and style, part of the program: no file has to be found at run time.
struct PageTemplates: Sendable {
    private let library: MustacheLibrary
    let style: String
    /// Changes with the style, so that browsers may keep it.
    let styleVersion: String

    init() throws {
        library = MustacheLibrary(templates: try Self.sources.mapValues { try MustacheTemplate(string: $0) })
        style = String(decoding: PackageResources.page_css, as: UTF8.self)
        styleVersion = SHA256.hash(data: Data(PackageResources.page_css)).prefix(4).map { String($0, radix: 16) }
            .joined()
    }

    /// Fills a template in; everything but `{{{…}}}` is escaped. In a section an empty text and 0 count as absent.
    func render(_ template: String, _ model: [String: any Sendable]) -> String {
        library.render(Self.prepared(model), withTemplate: template) ?? ""
    }

    /// A value that a section passes over, and that is written all the same where it is asked for.
    private struct Blank: MustacheCustomRenderable {
        let renderText: String
        var isNull: Bool { true }
    }

    private static func prepared(_ value: any Sendable) -> Any {
        switch value {
        case let text as String: text.isEmpty ? Blank(renderText: "") : text
        case let number as Int: number == 0 ? Blank(renderText: "0") : number
        case let fields as [String: any Sendable]: fields.mapValues(prepared)
        case let items as [any Sendable]: items.map(prepared)
        default: value
        }
    }

    private static let sources: [String: String] = [
        "nothing": [], "layout": PackageResources.layout_mustache, "login": PackageResources.login_mustache,
        "alerts": PackageResources.alerts_mustache, "group": PackageResources.group_mustache,
        "silences": PackageResources.silences_mustache, "silence": PackageResources.silence_mustache,
        "routes": PackageResources.routes_mustache, "deliveries": PackageResources.deliveries_mustache,
        "escalation": PackageResources.escalation_mustache,
        "channels": PackageResources.channels_mustache,
        "thresholds": PackageResources.thresholds_mustache, "threshold": PackageResources.threshold_mustache,
        "settings": PackageResources.settings_mustache, "compare": PackageResources.compare_mustache,
    ].mapValues { String(decoding: $0, as: UTF8.self) }
}
