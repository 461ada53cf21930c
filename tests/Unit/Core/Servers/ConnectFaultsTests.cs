using System.Net.Sockets;
using Mainstay.Core.Servers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Servers;

public sealed class ConnectFaultsTests
{
    [Fact]
    public async Task A_connection_that_is_reset_when_it_stands_is_told_as_one_that_cannot_be_had()
    {
        using var client = new HttpClient(new ConnectFaults(new Broken(new SocketException((int)SocketError.NotConnected))));

        var told = await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync("http://server/", TestContext.Current.CancellationToken));

        told.HttpRequestError.ShouldBe(HttpRequestError.ConnectionError);
        told.InnerException.ShouldBeOfType<SocketException>();
    }

    [Fact]
    public async Task Whatever_else_happens_is_told_as_it_is()
    {
        using var client = new HttpClient(new ConnectFaults(new Broken(new InvalidOperationException("wrong"))));

        (await Should.ThrowAsync<InvalidOperationException>(() => client.GetAsync("http://server/", TestContext.Current.CancellationToken))).Message.ShouldBe("wrong");
    }

    sealed class Broken(Exception fault) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromException<HttpResponseMessage>(fault);
    }
}
