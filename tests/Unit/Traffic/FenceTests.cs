using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>Requests under a lock: the holder's pass, those of one who was the holder do not.</summary>
public sealed class FenceTests
{
    static readonly byte[] Key = FencingToken.KeyOf("the secret of these tests");

    [Fact]
    public async Task AStaleTokenIsRefusedWhoeverToldOfTheNewOne()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null)
            {
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        await using var gateway = new GatewayUnderTest([new EndpointModel("s-1", "127.0.0.1", upstream.Port)], route: Routes.All(r => r with { Fence = new FenceSpec { Lock = "nightly" } }));
        gateway.Change(table => table with { FenceKey = Convert.ToBase64String(Key), Fences = [new FenceModel("nightly", 1, [1])] });

        (await AskAsync(gateway, 1)).ShouldContain(" 200 ");
        (await gateway.AskAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")).ShouldContain("token-required");
        (await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldContain(" 200 ", customMessage: "reads need no token");
        (await AskAsync(gateway, 1, "other")).ShouldContain(" 428 ", customMessage: "a token of another lock is none");

        // The new holder was here before the server has told of it.
        (await AskAsync(gateway, 2)).ShouldContain(" 200 ");
        (await AskAsync(gateway, 1)).ShouldContain("stale-token");

        // And the server's word alone is enough: by a line, and by a table.
        gateway.Gateway.Fences.Learn([new FenceModel("nightly", 3, [3])]);
        (await AskAsync(gateway, 2)).ShouldContain(" 409 ");
        (await AskAsync(gateway, 3)).ShouldContain(" 200 ");
        gateway.Change(table => table with { Fences = [new FenceModel("nightly", 3, [])] });
        (await AskAsync(gateway, 3)).ShouldContain(" 409 ", customMessage: "it was given back");
        gateway.Change(table => table with { Fences = [] });
        (await AskAsync(gateway, 3)).ShouldContain(" 409 ", customMessage: "what is known outlives tables");
        (await gateway.AskAsync($"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n{Header(4)}{Header(4)}\r\n")).ShouldContain(" 428 ", customMessage: "of two tokens a service may see the other one");
        gateway.Policies().Single(p => p.Policy == "fence").Numbers["stale"].ShouldBe(4);
    }

    [Fact]
    public async Task NeedsOfTheMeshAreFencedAlikeAndWithoutAKeyNothingPasses()
    {
        await using var gateway = new RoutedGateway().Service("orders", "1").Need(new NeedSpec { Fence = new FenceSpec { Lock = "nightly", Required = false } }).Start();
        (await gateway.AskAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "mesh")).ShouldContain(" 200 ", customMessage: "a token is not required");
        (await gateway.AskAsync($"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n{Header(1)}\r\n", "mesh")).ShouldContain(" 428 ");
    }

    static string Header(long number, string name = "nightly") => $"Fencing-Token: {FencingToken.Write(Key, name, number, isExclusive: true)}\r\n";

    static Task<string> AskAsync(GatewayUnderTest gateway, long number, string name = "nightly") => gateway.AskAsync($"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n{Header(number, name)}\r\n");
}
