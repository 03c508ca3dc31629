/// The name of a service, and what follows from it.
package struct ServiceName: Sendable, Equatable {
    /// As the executable is called: `risk-manager`.
    package let name: String

    package init(_ name: String) { self.name = name }

    /// The service's role in the database: `risk_manager`.
    package var role: String { name.replacing("-", with: "_") }

    /// The service's section of the settings: `risk` for risk-manager, else like the role.
    package var section: String { name == "risk-manager" ? "risk" : role }
}
