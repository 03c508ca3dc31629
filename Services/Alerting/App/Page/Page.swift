import ServiceKit

/// The page people look at: all its parts, behind a login.
struct Page {
    let keys: PageKeys
    let desk: AlertDesk
    let store: AlertStore
    let clock: any WallClock
    /// People reach it over https.
    let secure: Bool

    func add(to api: ServiceAPI) throws {
        let access = PageGuard(keys: keys, sessions: Sessions(), clock: clock)
        let router = PageRouter(access: access, templates: try PageTemplates(), secure: secure)
        router.addOwnRoutes(to: api)
        AlertsPage(desk: desk, clock: clock).add(to: router, api)
        SilencesPage(desk: desk, clock: clock).add(to: router, api)
        DeliveriesPage(store: store, desk: desk).add(to: router, api)
        RoutesPage(desk: desk).add(to: router, api)
    }
}
