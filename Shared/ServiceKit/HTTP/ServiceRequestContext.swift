package import Hummingbird

/// What a request carries through the middleware.
package struct ServiceRequestContext: RequestContext {
    /// The largest body that is read, in bytes.
    package static let bodyMax = 1 << 20

    package var coreContext: CoreRequestContextStorage

    package init(source: Source) { self.coreContext = .init(source: source) }

    package var maxUploadSize: Int { Self.bodyMax }
}

/// The router every service adds its own routes to.
package typealias ServiceRouter = Router<ServiceRequestContext>
