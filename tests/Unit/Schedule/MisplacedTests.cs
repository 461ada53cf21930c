using System.Net;
using Mainstay.Schedule.Decide;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule;

public class MisplacedTests
{
    [Theory]
    [InlineData("127.0.0.1:20001", "", "; it listens on no port")]
    [InlineData("127.0.0.1:20001", "0.0.0.0:3000", "; it listens on port 3000: let it take its port from $PORT")]
    [InlineData("127.0.0.1:20001", "127.0.0.1:9229 [::]:3000 [::]:4000 0.0.0.0:3000 127.0.0.1:5000", "; it listens on port 3000 and 4000 and 5000: let it take its port from $PORT")]
    [InlineData("127.0.0.1:20001", "[::1]:20001 127.0.0.1:9229", "; it listens on [::1]:20001 alone: let it listen on 127.0.0.1")]
    [InlineData("127.0.0.1:20001", "10.0.0.7:20001", "; it listens on 10.0.0.7:20001 alone: let it listen on 127.0.0.1")]
    [InlineData("0.0.0.0:8080", "127.0.0.1:8080", "; it listens on 127.0.0.1:8080 alone, which nobody outside its container reaches: let it listen on 0.0.0.0")]
    [InlineData("0.0.0.0:8080", "[::]:80", "; it listens on port 80: let it take its port from $PORT, or declare container.port: 80")]
    [InlineData("0.0.0.0:8080", "[::]:80 [::]:443", "; it listens on port 80 and 443: let it take its port from $PORT, or declare container.port")]
    public void What_listens_elsewhere_is_told_with_a_remedy(string asked, string listens, string said) => Say(asked, listens).ShouldBe(said);

    [Theory]
    [InlineData("127.0.0.1:20001", "127.0.0.1:20001")]
    [InlineData("127.0.0.1:20001", "0.0.0.0:20001")]
    [InlineData("127.0.0.1:20001", "[::]:20001")]
    [InlineData("127.0.0.1:20001", "[::ffff:127.0.0.1]:20001 0.0.0.0:3000")]
    [InlineData("0.0.0.0:8080", "10.88.0.4:8080")]
    public void What_has_begun_to_listen_meanwhile_is_not_misplaced(string asked, string listens) => Say(asked, listens).ShouldBe("");

    static string Say(string asked, string listens) => Misplaced.Say(IPEndPoint.Parse(asked), [.. listens.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPEndPoint.Parse)]);
}
