using System.Net;
using System.Net.Sockets;
using Mainstay.Host.Roles;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Roles;

public sealed class PortProbeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_port_that_somebody_listens_on_is_not_free_whether_or_not_he_shares_it(bool shares)
    {
        IPEndPoint at;
        using (var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            // On Linux this is SO_REUSEPORT too, as gateways set it for their event loops.
            if (shares)
            {
                other.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            }

            other.Bind(new IPEndPoint(IPAddress.Loopback, FreePorts.One()));
            other.Listen();
            at = (IPEndPoint)other.LocalEndPoint!;
            PortProbe.Refusal(at).ShouldNotBeNull().SocketErrorCode.ShouldBe(SocketError.AddressAlreadyInUse);
        }

        PortProbe.Refusal(at).ShouldBeNull();
    }
}
