using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Services that cannot run: <c>up</c> ends with 1 and says which, why and what to do.</summary>
public sealed class BadServiceTests
{
    static readonly string[] FailFast = ["restart: { backoff: 50ms, crashLoop: 2 }"];

    [Fact]
    public async Task A_command_that_does_not_exist()
    {
        await using var mainstay = new Installation();

        var outcome = await mainstay.TryUpAsync(Write(mainstay, "    run: /nowhere/to-be-found --now"));

        outcome.ShouldBe(1);
        outcome.Error.ShouldContain("broken");
        outcome.Error.ShouldContain("not found");
        var broken = (await mainstay.StatusAsync())["broken"];
        broken.State.ShouldBe("failed");
        broken.Message.ShouldContain("not found");
        await mainstay.UntilAsync(s => s["good"].Converged);
    }

    [Fact]
    public async Task A_build_that_fails_shows_the_end_of_what_it_said()
    {
        await using var mainstay = new Installation();
        Directory.CreateDirectory(Path.Combine(mainstay.Folder, "sources"));

        var outcome = await mainstay.TryUpAsync(Write(mainstay, "    folder: sources\n    run: node echo.js\n    build: echo compiling; echo 'missing semicolon in line 7' >&2; exit 4"));

        outcome.ShouldBe(1);
        outcome.Error.ShouldContain("missing semicolon in line 7");
        outcome.Error.ShouldContain("mainstay apply");
        var status = await mainstay.StatusAsync();
        (status["broken"].State, status["broken"].Reason).ShouldBe(("failed", "BuildFailed"));
        status["broken"].Message.ShouldContain("4");
        status["broken"].Instances.ShouldBeEmpty();
        await mainstay.UntilAsync(s => s["good"].Converged);
    }

    [Fact]
    public async Task A_health_path_that_hangs()
    {
        await using var mainstay = new Installation();

        var outcome = await mainstay.TryUpAsync(Write(
            mainstay,
            $"    run: node {Path.Combine(Repository.Services, "echo.js")}\n    env: {{ HANG_HEALTH: \"1\" }}\n    grace: 1s\n    health: {{ path: /health, interval: 100ms, timeout: 200ms, startup: 1s }}"));

        outcome.ShouldBe(1);
        outcome.Error.ShouldContain("broken");
        outcome.Error.ShouldContain("not healthy within 1s");
        outcome.Error.ShouldContain("/health");
        (await mainstay.StatusAsync())["broken"].State.ShouldBe("failed");
    }

    [Fact]
    public async Task A_service_that_crashes_again_and_again_is_named_a_crash_loop()
    {
        await using var mainstay = new Installation();

        var outcome = await mainstay.TryUpAsync(Write(
            mainstay, $"    run: node {Path.Combine(Repository.Services, "echo.js")}\n    env: {{ START_DELAY_MS: \"5000\", CRASH_AFTER_MS: \"10\" }}"));

        outcome.ShouldBe(1);
        outcome.Error.ShouldContain("exit code 3");
        outcome.Error.ShouldContain("crashing as asked");
        var broken = (await mainstay.StatusAsync())["broken"];
        (broken.State, broken.Reason).ShouldBe(("failed", "CrashLoop"));
    }

    [Fact]
    public async Task A_service_that_takes_another_port_than_its_own_is_told_which()
    {
        await using var mainstay = new Installation();
        var own = Ports.Free(1)[0];

        var outcome = await mainstay.TryUpAsync(Write(
            mainstay, $"    run: env PORT={own} node {Path.Combine(Repository.Services, "echo.js")}\n    health: {{ startup: 3s }}"));

        outcome.ShouldBe(1);
        outcome.Error.ShouldContain($"connection refused; it listens on port {own}: let it take its port from $PORT");
        (await mainstay.StatusAsync())["broken"].Message.ShouldContain($"it listens on port {own}");
    }

    // One service as given, and one beside it that is well.
    static string Write(Installation mainstay, string lines) => mainstay.Write("mainstay.yaml", mainstay.Echoes().With("good", new()).Text("good")
        .Replace("gateway:\n", $"  broken:\n{lines}\n    {FailFast[0]}\ngateway:\n", StringComparison.Ordinal));
}
