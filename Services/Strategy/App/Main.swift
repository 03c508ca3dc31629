import ServiceKit

@main
struct Main {
    static func main() async {
        await runService("strategy") { context, _ in Build(context).services }
    }
}
