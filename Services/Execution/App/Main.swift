import ServiceKit

@main
struct Main {
    static func main() async {
        await runService("execution") { context, _ in Build(context).services }
    }
}
