using System.Collections.Concurrent;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Schedule.Agent;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>Files of configuration on a host: in their places before a start, another after a publish, and told of.</summary>
public sealed class InstanceFilesTests : IDisposable
{
    readonly TempFolder data = new();
    readonly FakeTime time = new();
    readonly World world;

    public InstanceFilesTests() => world = new(time);

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task FilesAreThereBeforeTheStartAndForTheEyesThatTheyAreMeantFor()
    {
        using var files = Make();
        world.Give("app.json", "web.1", "one");
        world.Give("key.pem", "web.1", "hunter2", hasSecret: true);
        (await files.PrepareAsync(Web(), CancellationToken.None)).ShouldBeNull();
        files.Of(Web()).Select(v => $"{v.Key}={Path.GetRelativePath(data.Path, v.Value)}").ShouldBe(["APP_JSON=agent/files/web-1/app.json", "KEY=agent/files/web-1/key.pem"]);
        (Text("app.json"), File.GetUnixFileMode(At("app.json"))).ShouldBe(("one", (UnixFileMode)0x1a4));
        (Text("key.pem"), File.GetUnixFileMode(At("key.pem"))).ShouldBe(("hunter2", UnixFileMode.UserRead | UnixFileMode.UserWrite), "whatever mode it declares");
        Directory.GetFiles(data["agent/files/web-1"]).Length.ShouldBe(2);

        // Where no server answers, what was there is there.
        world.IsAway = true;
        (await files.PrepareAsync(Web(), CancellationToken.None)).ShouldBeNull();
        files.Forget("web-1");
        Directory.GetFileSystemEntries(data["agent/files"]).ShouldBeEmpty();
        (await files.PrepareAsync(Web(), CancellationToken.None)).ShouldBe("the server does not give its files: nobody answers; they are asked for again");
    }

    [Fact]
    public void WhatNeverHadFilesIsForgottenWithoutAFault()
    {
        using var files = Make();
        Should.NotThrow(() => files.Forget("web-1"));
        Directory.Exists(data["agent/files"]).ShouldBeFalse();
    }

    [Fact]
    public async Task WhatStandsAgainstAFileStandsAgainstTheStart()
    {
        using var files = Make();
        world.Give("app.json", "web.1", "one");
        (await files.PrepareAsync(Web(), CancellationToken.None)).ShouldBe("the server does not give its file key.pem yet; it is asked for again");
        world.Give("key.pem", "web.1", null, problem: "there is no value of the secret 'key'");
        (await files.PrepareAsync(Web(), CancellationToken.None)).ShouldBe("key.pem: there is no value of the secret 'key'");
        world.Give("key.pem", "web.1", "x");
        var owned = Web() with { Template = Web().Template with { Files = new Dictionary<string, ConfigFile> { ["key.pem"] = new() { Owner = "no-such-user" } } } };
        files.Forget("web-1");
        (await files.PrepareAsync(owned, CancellationToken.None)).ShouldBe("key.pem: this host has no user 'no-such-user'; make it, or name another owner");
        File.Exists(At("key.pem")).ShouldBeFalse();
    }

    [Fact]
    public async Task APublishIsInItsPlaceBeforeTheInstanceIsToldAndOnlyWhereItChangesTheFile()
    {
        using var files = Make();
        await using var following = await StartedAsync(files);
        world.Give("app.json", "web.2", "two");
        await Until.HoldsAsync(() => world.Runs("app.json", "web.2"), Beat);
        string.Join(" | ", world.Told).ShouldBe("web-1 web.2 two", "the file was there as it was told");

        var written = File.GetLastWriteTimeUtc(At("app.json"));
        world.Give("app.json", "web.3", "two");
        await Until.HoldsAsync(() => world.Runs("app.json", "web.3"), Beat);
        File.GetLastWriteTimeUtc(At("app.json")).ShouldBe(written);
        world.Told.Count.ShouldBe(1, "nothing differs");
    }

    [Fact]
    public async Task WhoCannotBeToldIsToldAgainAndThatIsSaid()
    {
        using var files = Make();
        world.Answer = (Telling.Failed, "POST /reload was answered 500");
        await using var following = await StartedAsync(files);
        world.Give("app.json", "web.2", "two");
        await Until.HoldsAsync(() => world.Says("app.json", "web.1", "POST /reload was answered 500"), Beat);
        await Until.HoldsAsync(() => world.Told.Count >= 4, Beat);
        Text("app.json").ShouldBe("two");
        world.Answer = (Telling.Told, "");
        await Until.HoldsAsync(() => world.Runs("app.json", "web.2"), Beat);

        // A content that cannot be made leaves the file as it is.
        world.Give("app.json", "web.3", null, problem: "the template names 'x', which has no value");
        await Until.HoldsAsync(() => world.Says("app.json", "web.2", "the template names 'x', which has no value"), Beat);
        Text("app.json").ShouldBe("two");
        world.Give("app.json", "web.4", "four");
        await Until.HoldsAsync(() => world.Runs("app.json", "web.4"), Beat);
    }

    [Fact]
    public async Task WhoStartsOrDoesNotRunNeedNotBeTold()
    {
        using var files = Make();
        world.Answer = (Telling.NotYet, "");
        await using var following = await StartedAsync(files);
        world.Give("app.json", "web.2", "two");
        await Until.HoldsAsync(() => world.Told.Count >= 3, Beat);
        world.Runs("app.json", "web.2").ShouldBeFalse("it may have read the one before");
        (await files.PrepareAsync(Web(), CancellationToken.None)).ShouldBeNull();
        await Until.HoldsAsync(() => world.Runs("app.json", "web.2"), Beat);

        world.Answer = (Telling.NotRunning, "");
        world.Give("app.json", "web.3", "three");
        await Until.HoldsAsync(() => world.Runs("app.json", "web.3"), Beat);
    }

    [Fact]
    public async Task WhatWasDueIsDoneByTheNextRunOfTheAgent()
    {
        using (var first = Make())
        {
            world.Answer = (Telling.Failed, "it does not answer");
            await using var following = await StartedAsync(first);
            world.Give("app.json", "web.2", "two");
            await Until.HoldsAsync(() => world.Says("app.json", "web.1", "it does not answer"), Beat);
        }

        world.Told.Clear();
        world.Answer = (Telling.Told, "");
        using var files = Make();
        files.Adopt(Web());
        await using var again = new Following(files);
        await Until.HoldsAsync(() => world.Runs("app.json", "web.2"), Beat);
        string.Join(" | ", world.Told).ShouldBe("web-1 web.2 two");
        using var third = Make();
        third.Adopt(Web());
        await using var more = new Following(third);
        await Until.HoldsAsync(() => world.Runs("key.pem", "web.1"), Beat);
        world.Told.Count.ShouldBe(1, "it was told once");
    }

    void Beat() => time.Advance(TimeSpan.FromMilliseconds(100));

    InstanceFiles Make() => new(new(data.Path), world.AskAsync, time)
    {
        Tell = (instance, _, tag, _) =>
        {
            world.Told.Enqueue($"{instance} {tag} {Text("app.json")}");
            return Task.FromResult(world.Answer);
        },
        OnFault = (_, fault) => throw fault,
    };

    async Task<Following> StartedAsync(InstanceFiles files)
    {
        world.Give("app.json", "web.1", "one");
        world.Give("key.pem", "web.1", "key");
        (await files.PrepareAsync(Web(), CancellationToken.None)).ShouldBeNull();
        return new(files);
    }

    string At(string file) => data[$"agent/files/web-1/{file}"];

    string Text(string file) => File.ReadAllText(At(file));

    static Instance Web() => new()
    {
        Name = "web-1", Service = "web", Host = "local",
        Template = new()
        {
            Run = "./web", Folder = "/", Health = new(), Restart = new(),
            Files = new Dictionary<string, ConfigFile> { ["app.json"] = new() { From = "web", Mode = "0644", OnChange = new() { Signal = "HUP" } }, ["key.pem"] = new() { From = "web", Mode = "0644", Env = "KEY" } },
        },
    };

    /// <summary>Follows until it is disposed.</summary>
    sealed class Following : IAsyncDisposable
    {
        readonly CancellationTokenSource stop = new();
        readonly Task running;

        public Following(InstanceFiles files) => running = files.RunAsync(stop.Token);

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await running;
            stop.Dispose();
        }
    }

    /// <summary>The server's side, and the instance's.</summary>
    sealed class World(FakeTime time)
    {
        readonly Lock gate = new();
        readonly Dictionary<string, FileGiven> given = [];
        readonly Dictionary<string, FileHeld> held = [];
        TaskCompletionSource changed = new();

        public volatile bool IsAway;

        public (Telling How, string Why) Answer { get; set; } = (Telling.Told, "");

        public ConcurrentQueue<string> Told { get; } = [];

        public void Give(string file, string tag, string? text, bool hasSecret = false, string? problem = null)
        {
            lock (gate)
            {
                given[file] = new("web-1", file, tag, text, hasSecret, problem);
                changed.SetResult();
                changed = new();
            }
        }

        public bool Runs(string file, string tag) => Of(file) is { Problem: null } own && own.Tag == tag;

        public bool Says(string file, string tag, string problem) => Of(file) is { } own && own.Tag == tag && own.Problem == problem;

        public async Task<FilesGiven> AskAsync(FilesAsk ask, CancellationToken stop)
        {
            while (true)
            {
                Task next;
                lock (gate)
                {
                    if (IsAway)
                    {
                        throw new HttpRequestException("nobody answers");
                    }

                    foreach (var own in ask.Held)
                    {
                        held[own.File] = own;
                    }

                    FileGiven[] behind = [.. ask.Held.Where(h => given.TryGetValue(h.File, out var now) && now.Tag != h.Seen).Select(h => given[h.File])];
                    if (behind.Length > 0 || ask.Wait <= TimeSpan.Zero)
                    {
                        return new(behind);
                    }

                    next = changed.Task;
                }

                try
                {
                    await next.WaitAsync(ask.Wait, time, stop);
                }
                catch (TimeoutException)
                {
                    return new([]);
                }
            }
        }

        FileHeld? Of(string file)
        {
            lock (gate)
            {
                return held.GetValueOrDefault(file);
            }
        }
    }
}
