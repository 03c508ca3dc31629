/// What this build is.
package enum BuildInfo {
    /// The version of the suite.
    package static let version = "0.1.0"
}
