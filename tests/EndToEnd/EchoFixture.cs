using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>A running installation that a class of tests shares: <c>front</c> with two instances needs <c>back</c> with two.</summary>
public sealed class EchoFixture : IAsyncLifetime
{
    internal Installation Mainstay { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Mainstay.UpAsync(Manifest());
        await Mainstay.ConvergedAsync();
    }

    public ValueTask DisposeAsync() => Mainstay.DisposeAsync();

    /// <summary>The manifest, with what a test wants to be different of <c>front</c>.</summary>
    internal string Manifest(Func<EchoService, EchoService>? change = null)
    {
        var front = new EchoService { Instances = 2, Needs = ["back"] };
        return Mainstay.Echoes().With("front", change?.Invoke(front) ?? front).With("back", new EchoService { Instances = 2 }).Text("front");
    }
}
