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
        var without = new SecretKeeper(store, new KeyRing(KeyFile, null), time);
        await Should.ThrowAsync<SecretsUnavailableException>(() => without.RevealAsync("a", default));
        await Should.ThrowAsync<SecretsUnavailableException>(() => without.SetAsync("c", "value", "ada", new Operation("note", new byte[1]), default));
        await Should.ThrowAsync<SecretsUnavailableException>(() => without.RotateAsync(default));
        File.Exists(KeyFile).ShouldBeFalse("no other key comes under the number of the one that was lost");

        // Where nothing is left that it would open, new ones are made.
        await store.CommitAsync(new([], [new("sealed/a", null), new("sealed/b", null)]));
        (await without.SetAsync("c", "value", "ada", new Operation("note", new byte[1]), default)).ShouldNotBeNull();
        (await new SecretKeeper(store, new KeyRing(KeyFile, null), time).RevealAsync("c", default)).ShouldBe("value");
    }

    [Fact]
    public async Task ServersOfAClusterHaveTheSameKeysWhoeverMadeOrRotatedThem()
    {
        await using var store = new MemoryStore(time);
        var shared = new byte[32];
        var note = new Operation("note", new byte[1]);
        SecretKeeper Server(string name, byte[]? cluster, string? passphrase = "open sesame") => new(store, new KeyRing(Path.Combine(folder.Path, name), passphrase), time, cluster);

        await Server("a", shared).SetAsync("one", "first", "ada", note, default);
        (await Server("b", shared).RevealAsync("one", default)).ShouldBe("first");
        (await Server("b", shared).RotateAsync(default)).Sealed.ShouldBe(1);
        await Server("b", shared).SetAsync("two", "second", "ada", note, default);
        var back = Server("a", shared);
        (await back.RevealAsync("one", default), await back.RevealAsync("two", default)).ShouldBe(("first", "second"));
        File.GetUnixFileMode(Path.Combine(folder.Path, "a")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        // Nobody else gets them: no server of another cluster or of none, and none without the passphrase.
        var other = new byte[32];
        other[0] = 1;
        foreach (var stranger in new[] { Server("c", other), Server("d", null), Server("e", shared, null), Server("f", shared, "open barley") })
        {
            await Should.ThrowAsync<SecretsUnavailableException>(() => stranger.RevealAsync("one", default));
        }

        // A backup that is restored in another cluster, beside the file.
        File.Copy(Path.Combine(folder.Path, "a"), Path.Combine(folder.Path, "g"));
        (await Server("g", other).RevealAsync("one", default)).ShouldBe("first");
        (await Server("h", other).RevealAsync("two", default)).ShouldBe("second");
    }

    [Fact]
    public async Task ARotationThatBrokeOffAtAnyWriteIsGoneOnWithByEitherServer()
    {
        for (var writes = 0; writes < 8; writes++)
        {
            await using var store = new MemoryStore(time);
            var shared = new byte[32];
            SecretKeeper Server(IStore on, string name) => new(on, new KeyRing(Path.Combine(folder.Path, $"{name}{writes}"), null), time, shared);
            await Server(store, "a").SetAsync("one", "first", "ada", new Operation("note", new byte[1]), default);
            await Server(store, "a").SetAsync("two", "second", "ada", new Operation("note", new byte[1]), default);
            try
            {
                await Server(new BreakingStore(store, writes), "a").RotateAsync(default);
            }
            catch (StoreUnavailableException)
            {
                // The server was ended there.
            }

            foreach (var name in new[] { "b", "a" })
            {
                (await Server(store, name).RevealAsync("one", default), await Server(store, name).RevealAsync("two", default)).ShouldBe(("first", "second"), $"{name} after {writes}");
                (await Server(store, name).RotateAsync(default)).Lost.ShouldBeEmpty();
            }
        }
    }

    /// <summary>A store that takes so many writes and then none.</summary>
    sealed class BreakingStore(IStore store, int writes) : IStore
    {
        int left = writes;

        public ValueTask<Entry?> GetAsync(string key, CancellationToken stop = default) => store.GetAsync(key, stop);

        public ValueTask<RangeResult> RangeAsync(string prefix, string? after = null, int limit = 0, CancellationToken stop = default) => store.RangeAsync(prefix, after, limit, stop);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken stop = default) =>
            left-- > 0 ? store.CommitAsync(commit, stop) : throw new StoreUnavailableException("ended");

        public long Revision => store.Revision;

        public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long fromRevision, CancellationToken stop = default) => store.WatchAsync(prefix, fromRevision, stop);

        public ValueTask<long> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop = default) => store.GrantLeaseAsync(ttl, stop);

        public ValueTask<bool> KeepAliveAsync(long lease, CancellationToken stop = default) => store.KeepAliveAsync(lease, stop);

        public ValueTask RevokeLeaseAsync(long lease, CancellationToken stop = default) => store.RevokeLeaseAsync(lease, stop);

        public ValueTask CompactAsync(long revision, CancellationToken stop = default) => store.CompactAsync(revision, stop);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
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
