package import Foundation

/// Where the files of this checkout and the recordings beside it are.
package enum Repository {
    /// The folder of Package.swift.
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The recordings beside the checkout; nil where there are none, and tests that need them are skipped.
    package static var recordings: URL? {
        let folder = root.deletingLastPathComponent().appending(path: "shared/data")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }
}
