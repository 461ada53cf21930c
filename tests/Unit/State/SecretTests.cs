using Mainstay.Core.Store;
using Mainstay.State.Secrets;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>Secrets at rest: what opens them, and what does not.</summary>
public sealed class SecretTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly FakeTime time = new();

    string KeyFile => Path.Combine(folder.Path, "secrets.keys");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task ASecretOpensUnderItsNameAndKeyAlone()
    {
        await using var store = new MemoryStore(time);
        var keeper = new SecretKeeper(store, new KeyRing(KeyFile, null), time);
        for (var version = 1; version <= 7; version++)
        {
            (await keeper.SetAsync("a", $"value {version}", "ada", new Operation("note", new byte[1]), default))!.Version.ShouldBe(version);
        }

        (await keeper.RevealAsync("a", default)).ShouldBe("value 7");
        (await new SecretKeeper(store, new KeyRing(KeyFile, null), time).RevealAsync("a", default)).ShouldBe("value 7", "the key outlives the process");

        // Another's bytes in its place open nothing, and neither do changed ones.
        var entry = (await store.GetAsync("sealed/a"))!;
        await store.CommitAsync(new([], [new("sealed/b", entry.Value)]));
        (await keeper.RevealAsync("b", default)).ShouldBeNull();
        File.Delete(KeyFile);
        (await new SecretKeeper(store, new KeyRing(KeyFile, null), time).RevealAsync("a", default)).ShouldBeNull();
    }

    [Fact]
    public async Task APassphraseIsAskedForAgainAndRotationKeepsWhatItCannotOpen()
    {
        await using var store = new MemoryStore(time);
        var keeper = new SecretKeeper(store, new KeyRing(KeyFile, "open sesame"), time);
        await keeper.SetAsync("a", "value", "ada", new Operation("note", new byte[1]), default);
        (await keeper.RotateAsync(default)).Sealed.ShouldBe(1);
        (await keeper.RevealAsync("a", default)).ShouldBe("value");
        (await new SecretKeeper(store, new KeyRing(KeyFile, "open sesame"), time).RevealAsync("a", default)).ShouldBe("value");
        foreach (var wrong in new[] { "open barley", null })
        {
            await Should.ThrowAsync<SecretsUnavailableException>(() => new SecretKeeper(store, new KeyRing(KeyFile, wrong), time).RevealAsync("a", default));
        }

        await store.CommitAsync(new([], [new("sealed/b", (await store.GetAsync("sealed/a"))!.Value)]));
        var (count, lost) = await keeper.RotateAsync(default);
        (count, string.Join(" ", lost)).ShouldBe((1, "b"));
        (await keeper.RevealAsync("a", default)).ShouldBe("value");
    }
}
