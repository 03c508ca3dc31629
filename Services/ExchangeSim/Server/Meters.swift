import ServiceKit

/// What the exchange counts about itself.
struct Meters: Sendable {
    let prints: Counter
    let fills: Counter
    let requests: Counter
    let refusals: Counter
    let sockets: Gauge
    let slowSockets: Counter
    let stateFailures: Counter

    init(_ metrics: Metrics) {
        prints = metrics.counter("plimsoll_sim_prints_total", "Trades of the simulated market.")
        fills = metrics.counter("plimsoll_sim_fills_total", "Trades of clients.")
        requests = metrics.counter("plimsoll_sim_requests_total", "Requests to the REST interface.")
        refusals = metrics.counter("plimsoll_sim_refusals_total", "Requests answered with an error.")
        sockets = metrics.gauge("plimsoll_sim_sockets", "Open WebSocket connections.")
        stateFailures = metrics.counter("plimsoll_sim_state_failures_total", "Times the state could not be saved.")
        slowSockets = metrics.counter("plimsoll_sim_slow_sockets_total", "Connections cut off for not reading.")
    }
}
