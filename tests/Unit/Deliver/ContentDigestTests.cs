using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Deliver.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Deliver;

public sealed class ContentDigestTests : IDisposable
{
    readonly TempFolder folder = new();

    public ContentDigestTests()
    {
        Write("src/a.cs", "a");
        Write("src/b.cs", "b");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_same_content_elsewhere_has_the_same_digest()
    {
        using var other = new TempFolder();
        Directory.CreateDirectory(other["src"]);
        File.WriteAllText(other["src/b.cs"], "b");
        File.WriteAllText(other["src/a.cs"], "a");
        var digest = Digest();
        digest.Length.ShouldBe(64);
        new ContentDigest().Of(Spec("make"), other.Path).Digest.ShouldBe(digest);
    }

    [Theory]
    [InlineData("content")]
    [InlineData("name")]
    [InlineData("new file")]
    [InlineData("executable")]
    [InlineData("command")]
    [InlineData("link")]
    public void Whatever_the_build_can_see_changes_the_digest(string what)
    {
        var before = Digest();
        var command = what == "command" ? "make all" : "make";
        switch (what)
        {
            case "content": Write("src/a.cs", "A"); break;
            case "name": File.Move(folder["src/a.cs"], folder["src/c.cs"]); break;
            case "new file": Write("src/d.cs", ""); break;
            case "executable" when !OperatingSystem.IsWindows(): File.SetUnixFileMode(folder["src/a.cs"], UnixFileMode.UserRead | UnixFileMode.UserExecute); break;
            case "link": File.CreateSymbolicLink(folder["src/l"], "a.cs"); break;
        }

        Digest(command).ShouldNotBe(before);
    }

    [Fact]
    public void What_builds_write_and_dot_folders_hold_does_not()
    {
        var before = Digest();
        foreach (var ignored in new[] { "bin/x", "src/obj/x", "out/x", "node_modules/m/x", ".git/HEAD" })
        {
            Write(ignored, "x");
        }

        Digest().ShouldBe(before);
        Digest("make", "src", "out").ShouldNotBe(Digest("make", "src"), "an input that is named is read, whatever it is called");
    }

    [Fact]
    public void Links_are_never_followed()
    {
        using var outside = new TempFolder();
        File.WriteAllText(outside["secret"], "1");
        Directory.CreateSymbolicLink(folder["src/away"], outside.Path);
        Directory.CreateSymbolicLink(folder["src/round"], folder.Path);
        File.CreateSymbolicLink(folder["src/broken"], "nowhere");
        var before = Digest();
        File.WriteAllText(outside["secret"], "2");
        Digest().ShouldBe(before);
    }

    [Fact]
    public void A_missing_input_is_named()
    {
        var problem = new ContentDigest().Of(Spec("make", "src", "lib"), folder.Path).Problem!;
        problem.Path.ShouldBe("build.inputs");
        problem.What.ShouldBe($"there is no file or folder 'lib' in {folder.Path}");
    }

    [Theory]
    [InlineData("pipe")]
    [InlineData("socket")]
    public void What_has_no_content_is_never_opened(string what)
    {
        var before = Digest();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        if (what == "pipe")
        {
            MakeFifo(folder["src/special"], 0b110_000_000).ShouldBe(0);
        }
        else
        {
            socket.Bind(new UnixDomainSocketEndPoint(folder["src/special"]));
        }

        Digest().ShouldBe(before);
        Problem("src/special").ShouldBe("'src/special' is a socket, pipe or device, not a file");
    }

    [Fact]
    public void The_data_folder_is_no_input()
    {
        var before = Digest();
        Write("data/run/token", "x");
        Write("other/data/a.cs", "a");
        var withOther = DigestBeside("data");
        withOther.ShouldNotBe(before, "only the data folder itself is left out");
        Write("data/store/mainstay.db", "y");
        DigestBeside("data").ShouldBe(withOther);
        Problem("data/store", data: "data").ShouldBe("'data/store' lies in Mainstay's data folder, which changes by itself");
        Directory.CreateSymbolicLink(folder["src/linked"], folder.Path);
        new ContentDigest(folder["src/linked/data"]).Of(Spec("make", "other"), folder.Path).Digest.ShouldNotBeNull();
        new ContentDigest(folder["src/linked/data"]).Of(Spec("make", "data"), folder.Path).Problem.ShouldNotBeNull("a folder has many names where links lead to it");
    }

    [DllImport("libc", EntryPoint = "mkfifo")]
    static extern int MakeFifo([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    static ServiceSpec Spec(string command, params string[] inputs) => new() { Run = "./x", Build = new() { Command = command, Inputs = inputs } };

    string Digest(string command = "make", params string[] inputs) => new ContentDigest().Of(Spec(command, inputs), folder.Path).Digest.ShouldNotBeNull();

    string DigestBeside(string data) => new ContentDigest(folder[data]).Of(Spec("make"), folder.Path).Digest.ShouldNotBeNull();

    string Problem(string input, string? data = null) => new ContentDigest(data is null ? null : folder[data]).Of(Spec("make", input), folder.Path).Problem.ShouldNotBeNull().What;

    void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder[path])!);
        File.WriteAllText(folder[path], text);
    }
}
