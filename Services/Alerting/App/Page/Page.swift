import Logging
import ServiceKit

/// The page people look at: all its parts, behind a login.
struct Page {
    let keys: PageKeys
    let desk: AlertDesk
    let store: AlertStore
    let thresholds: ThresholdKeeper
    let delivery: Delivery
    let prometheus: PrometheusClient?
    /// The routing in force.
    let configuration: @Sendable () -> AlertingConfiguration
    let clock: any WallClock
    /// People reach it over https.
    let secure: Bool
    let logger: Logger

    func add(to api: ServiceAPI) throws {
        let router = PageRouter(
            access: PageGuard(keys: keys, sessions: Sessions(), clock: clock),
            responses: PageResponses(templates: try PageTemplates(), secure: secure, logger: logger))
        router.addOwnRoutes(to: api)
        AlertsPage(desk: desk, clock: clock, templates: router.templates).add(to: router, api)
        SilencesPage(desk: desk, clock: clock).add(to: router, api)
        EscalationPage(desk: desk, clock: clock, configuration: configuration).add(to: router, api)
        ChannelsPage(
            desk: desk, store: store, delivery: delivery, clock: clock, configuration: configuration
        ).add(to: router, api)
        DeliveriesPage(store: store, desk: desk).add(to: router, api)
        RoutesPage(desk: desk).add(to: router, api)
        ThresholdsPage(keeper: thresholds, prometheus: prometheus, clock: clock).add(to: router, api)
        VersionsPage(keeper: thresholds, store: store, clock: clock, configuration: configuration)
            .add(to: router, api)
    }
}
