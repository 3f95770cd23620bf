'use strict';

module.exports = require('ancillary/usocket');
