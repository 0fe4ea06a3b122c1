/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include "host.h"
#include "tk_device.h"

#include <errno.h>
#include <string.h>

bool tk_host_set_device_id(struct tk_port *port, const char *id)
{
    if (id != NULL && tk_posix_set_id(port, id) != 0) {
        tk_host_message("--device-id takes 4 to %d letters, digits and -", TK_POSIX_ID_MAX);
        return false;
    }
    if (port->id_error == 0)
        return true;
    if (port->id_error != ENOENT) { /* by another id the tokens would be another device's */
        tk_host_message("cannot read /etc/machine-id: %s; use --device-id",
                        strerror(port->id_error));
        return false;
    }
    tk_host_message("no /etc/machine-id: the device id %s is from the host name; use --device-id "
                    "where that changes, or is not unique",
                    tk_device_id(port));
    return true;
}
