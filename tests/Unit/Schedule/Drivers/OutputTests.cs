using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>What was built on one machine, brought to another in pieces.</summary>
public sealed class OutputTests : IDisposable
{
    const string Name = "web-0123456789ab";
    readonly TempFolder root = new();
    readonly DataFolder made;
    readonly DataFolder wanted;

    public OutputTests()
    {
        (made, wanted) = (new(root["made"]), new(root["wanted"]));
        var output = made.OutputOf("web", Name);
        Directory.CreateDirectory(Path.Combine(output, "sub"));
        var random = new byte[(2 * OutputShelf.PieceBytes) + 1000];
        new Random(7).NextBytes(random);
        File.WriteAllBytes(Path.Combine(output, "sub", "data.bin"), random);
        File.WriteAllText(Path.Combine(output, "run.sh"), "#!/bin/sh\n");
        File.SetUnixFileMode(Path.Combine(output, "run.sh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(Path.Combine(output, "link"), "run.sh");
    }

    public void Dispose() => root.Dispose();

    [Fact]
    public async Task AnOutputArrivesWholeWithModesAndLinks()
    {
        var source = new Shelf(new OutputShelf(made));
        (await new OutputFetcher(wanted, source).BringAsync(Name, CancellationToken.None)).ShouldBeNull();
        var (from, to) = (made.OutputOf("web", Name), wanted.OutputOf("web", Name));
        File.ReadAllBytes(Path.Combine(to, "sub", "data.bin")).ShouldBe(File.ReadAllBytes(Path.Combine(from, "sub", "data.bin")));
        File.GetUnixFileMode(Path.Combine(to, "run.sh")).ShouldBe(File.GetUnixFileMode(Path.Combine(from, "run.sh")));
        new FileInfo(Path.Combine(to, "link")).LinkTarget.ShouldBe("run.sh");
        Directory.GetFiles(Path.GetDirectoryName(to)!).ShouldBeEmpty();

        // What is here is not asked for again.
        source.Asked.Clear();
        (await new OutputFetcher(wanted, source).BringAsync(Name, CancellationToken.None)).ShouldBeNull();
        source.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task ABuildThatLeftAllInItsWorkingFolderIsThatFolder()
    {
        var output = made.OutputOf("web", Name);
        Directory.Move(output, root["worked"]);
        Directory.CreateDirectory(output);
        Directory.CreateDirectory(Path.Combine(root["worked"], ".git"));
        (await new OutputFetcher(wanted, new Shelf(new OutputShelf(made, _ => root["worked"]))).BringAsync(Name, CancellationToken.None)).ShouldBeNull();
        Directory.EnumerateFileSystemEntries(wanted.OutputOf("web", Name)).Select(Path.GetFileName).Order(StringComparer.Ordinal).ShouldBe(["link", "run.sh", "sub"]);
        File.Exists(Path.Combine(wanted.OutputOf("web", Name), "sub", "data.bin")).ShouldBeTrue();
    }

    [Fact]
    public async Task AfterAnInterruptionOnlyWhatIsMissingIsAskedForAlsoOfAnotherProcess()
    {
        var source = new Shelf(new OutputShelf(made)) { FailsAt = 2 };
        (await new OutputFetcher(wanted, source).BringAsync(Name, CancellationToken.None))!.ShouldContain("broke off");
        Directory.Exists(wanted.OutputOf("web", Name)).ShouldBeFalse();

        // The last piece that is kept was cut by the end of the process.
        var part = new FileInfo(Directory.GetFiles(Path.Combine(wanted.Builds, "web")).ShouldHaveSingleItem());
        part.Length.ShouldBe(2 * OutputShelf.PieceBytes);
        using (var cut = part.OpenWrite()) cut.SetLength(part.Length - 10);
        var again = new Shelf(new OutputShelf(made));
        (await new OutputFetcher(wanted, again).BringAsync(Name, CancellationToken.None)).ShouldBeNull();
        again.Asked.ShouldBe([1, 2]);
        File.Exists(Path.Combine(wanted.OutputOf("web", Name), "run.sh")).ShouldBeTrue();
    }

    [Fact]
    public async Task APieceThatWasChangedOnItsWayIsNotKept()
    {
        var source = new Shelf(new OutputShelf(made)) { SpoilsAt = 1 };
        (await new OutputFetcher(wanted, source).BringAsync(Name, CancellationToken.None))!.ShouldContain("piece 1 is not what it should be");
        Directory.Exists(wanted.OutputOf("web", Name)).ShouldBeFalse();
    }

    [Fact]
    public async Task ManyThatAskAtATimeAreOneFetch()
    {
        var source = new Shelf(new OutputShelf(made));
        var fetcher = new OutputFetcher(wanted, source);
        (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => fetcher.BringAsync(Name, CancellationToken.None)))).ShouldAllBe(why => why == null);
        source.Asked.Order().Distinct().Count().ShouldBe(source.Asked.Count);
    }

    [Theory]
    [InlineData(0, 1L, 1, "d")]
    [InlineData(1 << 20, 0L, 0, "d")]
    [InlineData(1 << 20, long.MaxValue, 1, "d")]
    [InlineData(1 << 20, 5L, 2, "d")]
    [InlineData(1 << 20, 5L, 1, "")]
    public async Task ADescriptionThatCannotBeIsRefused(int piece, long bytes, int pieces, string digit)
    {
        var source = new Shelf(null) { Says = new(string.Concat(Enumerable.Repeat(digit, 64)), bytes, piece, [.. Enumerable.Repeat("x", pieces)]) };
        (await new OutputFetcher(wanted, source).BringAsync(Name, CancellationToken.None))!.ShouldContain("cannot be");
    }

    [Fact]
    public async Task WhatThisMachineDoesNotHaveItDoesNotGive()
    {
        var shelf = new OutputShelf(made);
        (await shelf.OfAsync("web-ffffffffffff")).ShouldBeNull();
        var archive = (await shelf.OfAsync(Name))!;
        archive.Pieces.Count.ShouldBe(3);
        (await shelf.PieceAsync(Name, "other", 0, CancellationToken.None)).ShouldBeNull();
        (await shelf.PieceAsync(Name, archive.Digest, 3, CancellationToken.None)).ShouldBeNull();

        // Another run of the server gives the same bytes.
        (await new OutputShelf(made).OfAsync(Name))!.Digest.ShouldBe(archive.Digest);
    }

    sealed class Shelf(OutputShelf? shelf) : IOutputSource
    {
        public List<int> Asked { get; } = [];

        public int FailsAt { get; init; } = -1;

        public int SpoilsAt { get; init; } = -1;

        public OutputArchive? Says { get; init; }

        public async Task<OutputArchive> DescribeAsync(string build, CancellationToken stop) => Says ?? (await shelf!.OfAsync(build))!;

        public async Task<byte[]> PieceAsync(string build, string digest, int piece, CancellationToken stop)
        {
            lock (Asked) Asked.Add(piece);
            if (piece == FailsAt) throw new HttpRequestException("the connection broke off");
            var bytes = (await shelf!.PieceAsync(build, digest, piece, stop))!;
            if (piece == SpoilsAt) bytes[5] ^= 1;
            return bytes;
        }
    }
}
