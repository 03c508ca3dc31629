/// What a route is for, as the OpenAPI document tells it.
package struct RouteDescription: Sendable {
    /// `/api/control/{account}/{action}`.
    package let path: String
    /// In capitals.
    package let method: String
    package let summary: String
    package let requestExample: String?
    package let responses: [Int: String]

    /// - Parameters:
    ///   - requestExample: a JSON body such as the route takes; nil when it takes none.
    ///   - responses: what each status means.
    package init(
        _ method: String, _ path: String, _ summary: String, requestExample: String? = nil,
        responses: [Int: String] = [200: "as asked"]
    ) {
        self.path = path
        self.method = method
        self.summary = summary
        self.requestExample = requestExample
        self.responses = responses
    }
}

/// An OpenAPI 3.0 document of a service's routes.
struct OpenAPIDocument: Encodable {
    let service: String
    let routes: [RouteDescription]

    func encode(to encoder: any Encoder) throws {
        var root = encoder.container(keyedBy: Key.self)
        try root.encode("3.0.3", forKey: "openapi")
        try root.encode(["title": "Plimsoll \(service)", "version": BuildInfo.version], forKey: "info")
        var paths: [String: [String: Operation]] = [:]
        for route in routes { paths[route.path, default: [:]][route.method.lowercased()] = Operation(route: route) }
        try root.encode(paths, forKey: "paths")
    }

    struct Key: CodingKey, ExpressibleByStringLiteral {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init(stringLiteral value: String) { self.stringValue = value }
        init?(intValue: Int) { nil }
    }

    private struct Operation: Encodable {
        let route: RouteDescription

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(route.summary, forKey: "summary")
            let parameters = route.path.split(separator: "/").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }
            try container.encode(
                parameters.map { Parameter(name: String($0.dropFirst().dropLast())) }, forKey: "parameters")
            if let example = route.requestExample {
                var body = container.nestedContainer(keyedBy: Key.self, forKey: "requestBody")
                try body.encode(true, forKey: "required")
                try body.encode(["application/json": ["example": example]], forKey: "content")
            }
            var responses = container.nestedContainer(keyedBy: Key.self, forKey: "responses")
            for (status, meaning) in route.responses {
                try responses.encode(["description": meaning], forKey: Key(stringValue: "\(status)"))
            }
            let problem = "a fault, as application/problem+json"
            try responses.encode(["description": problem], forKey: "default")
        }
    }

    private struct Parameter: Encodable {
        let name: String

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(name, forKey: "name")
            try container.encode("path", forKey: "in")
            try container.encode(true, forKey: "required")
            try container.encode(["type": "string"], forKey: "schema")
        }
    }
}
